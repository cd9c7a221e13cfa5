import os

import uwsgi
from uwsgidecorators import spool


@spool
def note(arguments):
    # in the site's directory, not in the spooler's; complete before it is seen
    directory = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(directory + '/noted.new', 'w') as file:
        file.write('%s by a spooler of the master: %s' % (sorted(
            (str(name), value) for name, value in arguments.items() if name != 'spooler_task_name'),
            os.getppid() == uwsgi.masterpid()))
    os.rename(directory + '/noted.new', directory + '/noted')
    return uwsgi.SPOOL_OK
