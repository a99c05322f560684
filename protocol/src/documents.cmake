# Property lists and what is written in them or in JSON: check-in, commands, profiles, DDM, APNs.
set(protocol_documents
  src/plist/codec.cpp
  src/plist/errors.cpp
  src/plist/scan.cpp
  src/plist/scan_binary.cpp
  src/plist/scan_xml.cpp
  src/plist/scan_scalars.cpp
  src/plist/text.cpp
  src/plist/value.cpp)
