# The identity provider, emulated.
set(sim_idp
  src/idp/answers.cpp
  src/idp/login.cpp
  src/idp/manage.cpp
  src/idp/oidc_authorize.cpp
  src/idp/oidc_documents.cpp
  src/idp/oidc_token.cpp
  src/idp/saml.cpp
  src/idp/saml_sso.cpp
  src/idp/service.cpp
  src/idp/state.cpp)
