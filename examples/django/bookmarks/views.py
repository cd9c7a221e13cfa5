"""Twenty pages to visit and bookmark; the session remembers which."""

from django import forms
from django.shortcuts import redirect, render

PAGES = range(1, 21)


class BookmarkForm(forms.Form):
    name = forms.CharField(max_length=40)


def index(request):
    """The links and the visitor's bookmarks: a template, and no database without a session."""
    return render(request, "index.html", {"pages": PAGES, "bookmarks": bookmarks(request)})


def page(request, number):
    """One page; a POST bookmarks it."""
    form = BookmarkForm(request.POST or None)
    if form.is_valid():
        request.session["bookmarks"] = bookmarks(request) + [[number, form.cleaned_data["name"]]]
        return redirect("index")
    return render(request, "page.html", {"number": number, "form": form})


def bookmarks(request):
    return request.session.get("bookmarks", [])
