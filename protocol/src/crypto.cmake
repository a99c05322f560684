# Keys, certificates, CMS and SCEP messages: everything that stands on OpenSSL.
set(protocol_crypto
  src/crypto/asn1_time.cpp
  src/crypto/certificate.cpp
  src/crypto/chain.cpp
  src/crypto/cms.cpp
  src/crypto/cms_core.cpp
  src/crypto/context.cpp
  src/crypto/extensions.cpp
  src/crypto/issue.cpp
  src/crypto/key.cpp
  src/crypto/name.cpp
  src/crypto/request.cpp
  src/crypto/seeded_provider.cpp)
