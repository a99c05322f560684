# Property lists and what is written in them or in JSON: check-in, commands, profiles, DDM, APNs.
set(protocol_documents
  src/apns/message.cpp
  src/mdm/checkin.cpp
  src/mdm/command.cpp
  src/mdm/errors.cpp
  src/mdm/sender.cpp
  src/plist/codec.cpp
  src/plist/errors.cpp
  src/plist/scan.cpp
  src/plist/scan_binary.cpp
  src/plist/scan_scalars.cpp
  src/plist/scan_xml.cpp
  src/plist/text.cpp
  src/plist/value.cpp)
