from . import dunning_link
from . import exchange_webhook
from . import portal
