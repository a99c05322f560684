# The push service, emulated, and the device's connection to it.
set(sim_apns
  src/apns/courier_link.cpp
  src/apns/device_api.cpp
  src/apns/device_link.cpp
  src/apns/faults.cpp
  src/apns/judge.cpp
  src/apns/manage.cpp
  src/apns/portal.cpp
  src/apns/provider_credential.cpp
  src/apns/provider_tokens.cpp
  src/apns/push_portal.cpp
  src/apns/push_upload.cpp
  src/apns/service.cpp
  src/apns/token_store.cpp)
