from . import letterhead
from . import open_item
from . import statement
