from uwsgi_plugin_pypy import main

main()
