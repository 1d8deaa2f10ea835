from . import credit_release
from . import credit_request
