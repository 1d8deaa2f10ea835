from . import credit_release
from . import credit_request
from . import aged_balance
from . import interest_import
from . import dunning_review
from . import partner_merge
from . import dunning_outlook
from . import dispute_resolve
