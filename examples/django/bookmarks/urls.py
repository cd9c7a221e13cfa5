from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="index"),
    path("page/<int:number>/", views.page, name="page"),
]
