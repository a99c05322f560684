#include "pomona/foundation/error_category.hpp"
#include "pomona/protocol/scep/message.hpp"

namespace pomona::scep {
namespace {

constexpr char category_name[] = "scep";

const char* describe(errc value) {
    switch (value) {
    case errc::malformed:
        return "malformed SCEP message";
    case errc::missing_attribute:
        return "a required attribute is missing";
    case errc::bad_attribute:
        return "an attribute has the wrong type or more than one value";
    case errc::bad_signature:
        return "the message's signature does not hold";
    case errc::refused_algorithm:
        return "algorithm or key size refused";
    case errc::decrypt_failed:
        return "the envelope cannot be decrypted";
    case errc::unknown_type:
        return "unknown messageType";
    case errc::mismatch:
        return "the answer does not belong to the request";
    case errc::no_capability:
        return "the CA does not have the required capability";
    case errc::refused:
        return "the CA answered FAILURE";
    case errc::still_pending:
        return "the CA still answers PENDING";
    case errc::http:
        return "unusable HTTP answer";
    }
    return "unknown SCEP error";
}

} // namespace

std::error_code make_error_code(errc value) {
    return {static_cast<int>(value), category_of<errc, category_name, describe>()};
}

std::string_view to_text(fail_info f) {
    switch (f) {
    case fail_info::bad_alg:
        return "badAlg";
    case fail_info::bad_message_check:
        return "badMessageCheck";
    case fail_info::bad_request:
        return "badRequest";
    case fail_info::bad_time:
        return "badTime";
    case fail_info::bad_cert_id:
        return "badCertId";
    }
    return "unknown failInfo";
}

std::string_view to_text(message_type t) {
    switch (t) {
    case message_type::cert_rep:
        return "CertRep";
    case message_type::renewal_req:
        return "RenewalReq";
    case message_type::pkcs_req:
        return "PKCSReq";
    case message_type::cert_poll:
        return "CertPoll";
    case message_type::get_cert:
        return "GetCert";
    case message_type::get_crl:
        return "GetCRL";
    }
    return "unknown messageType";
}

} // namespace pomona::scep
