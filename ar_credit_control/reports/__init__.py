from . import dunning_letter
from . import letterhead
from . import open_item
from . import cash_forecast
from . import good_payer
from . import payment_history
from . import statement
from . import worklist
