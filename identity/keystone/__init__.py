"""Keystone as the alternative to the built-in identity: `identity.backend` chooses it.

Tokens are validated with `keystoneauth1` as a library. keystonemiddleware is not used: it is a WSGI filter, and bytes
travel past WSGI here; its memory of tokens wants memcached; and it answers by itself where `authenticate` must raise.
"""
