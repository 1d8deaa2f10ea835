from . import test_credit_hold
from . import test_credit_race
from . import test_position
from . import test_history_import
from . import test_credit_access
from . import test_open_item
from . import test_web
from . import test_credit_tour
