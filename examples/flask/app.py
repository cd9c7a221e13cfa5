"""A Flask application: a list of notes, kept in the visitor's signed cookie.

    apt-get install python3-flask                                # what Debian has is fine
    uwsgi --plugin ../../build/pypy_plugin.so --ini uwsgi.ini    # http://127.0.0.1:9090/
"""

from flask import Flask, redirect, render_template, request, session, url_for

app = Flask(__name__)
app.secret_key = "an example has no secrets: choose your own"


@app.get("/")
def index():
    return render_template("index.html", notes=session.get("notes", []))


@app.post("/")
def add():
    note = request.form["note"].strip()
    if note:
        session["notes"] = (session.get("notes", []) + [note])[-10:]
    return redirect(url_for("index"))
