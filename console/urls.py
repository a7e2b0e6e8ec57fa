from django.urls import path

from console import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", views.SignIn.as_view(), name="sign-in"),
    path("sign-out", views.SignOut.as_view(), name="sign-out"),
    path("project", views.project, name="project"),
    path("assets/<str:resource_type>/<str:asset_id>", views.asset, name="asset"),
    path("assets/<str:resource_type>/<str:asset_id>/data", views.data, name="data"),
]
