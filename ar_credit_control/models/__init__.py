from . import ar_position
from . import credit_profile
