#include "crypto/cms_core.hpp"

#include <openssl/err.h>

namespace pomona::crypto {
namespace {

result<void> add_attributes(CMS_SignerInfo* info, const signing_options& options) {
    // OpenSSL writes the machine's clock when there is no signingTime yet.
    const auto time = make_asn1_time(*options.signing_time);
    if (!time) {
        return std::unexpected{time.error()};
    }
    // A length of -1 says that the value is an ASN1_STRING.
    if (CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, ASN1_STRING_type(time->get()),
                                    time->get(), -1) != 1) {
        return openssl_failure(errc::library, "signingTime");
    }
    for (const auto& attribute : options.attributes) {
        const auto oid = make_oid(attribute.oid);
        if (!oid) {
            return std::unexpected{oid.error()};
        }
        static constexpr std::uint8_t nothing = 0;
        const auto* value = attribute.value.empty() ? &nothing : attribute.value.data();
        if (CMS_signed_add1_attr_by_OBJ(info, oid->get(), attribute.type, value,
                                        static_cast<int>(attribute.value.size())) != 1) {
            return openssl_failure(errc::library, "signed attribute " + attribute.oid);
        }
    }
    return {};
}

bool permitted(int digest) {
    return digest == NID_sha1 || digest == NID_sha224 || digest == NID_sha256 ||
           digest == NID_sha384 || digest == NID_sha512;
}

/// RFC 5652 section 11.1: the contentType attribute has to be the eContentType. OpenSSL only looks
/// whether it is there.
bool content_type_matches(CMS_ContentInfo* cms, CMS_SignerInfo* info) {
    if (CMS_signed_get_attr_count(info) <= 0) {
        return true;
    }
    const auto* stated = static_cast<const ASN1_OBJECT*>(
        CMS_signed_get0_data_by_OBJ(info, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT));
    return stated != nullptr && OBJ_cmp(stated, CMS_get0_eContentType(cms)) == 0;
}

} // namespace

result<bytes> sign_cms(const context& ctx, bytes_view content, const identity& signer,
                       const signing_options& options) {
    ERR_clear_error();
    if (content.size() > max_der_bytes) {
        return fail(errc::too_large, "content to be signed");
    }
    const unsigned flags = CMS_BINARY | (options.detached ? CMS_DETACHED : 0U) |
                           (options.signing_time ? 0U : CMS_NOATTR);
    const cms_ptr cms{CMS_sign_ex(nullptr, nullptr, nullptr, nullptr, flags | CMS_PARTIAL,
                                  ctx.native(), nullptr)};
    auto* info =
        cms ? CMS_add1_signer(cms.get(), signer.cert.native().get(), signer.key.native().get(),
                              options.digest, flags | CMS_NOSMIMECAP)
            : nullptr;
    if (info == nullptr) {
        return openssl_failure(errc::library, "signer of a CMS");
    }
    if (auto added = options.signing_time ? add_attributes(info, options) : result<void>{};
        !added) {
        return std::unexpected{added.error()};
    }
    if (options.with_chain) {
        for (const auto& cert : signer.chain) {
            if (CMS_add1_cert(cms.get(), cert.native().get()) != 1) {
                return openssl_failure(errc::library, "certificate chain of a CMS");
            }
        }
    }
    const auto source = reading_bio(content);
    if (!source || CMS_final(cms.get(), source.get(), nullptr, flags) != 1) {
        return openssl_failure(errc::library, "signing a CMS");
    }
    auto out = encode_der(i2d_CMS_ContentInfo, cms.get());
    if (out.empty()) {
        return openssl_failure(errc::library, "encoding a CMS");
    }
    return out;
}

result<cms_ptr> parse_cms(const context& ctx, bytes_view data) {
    ERR_clear_error();
    if (data.size() > max_der_bytes) {
        return fail(errc::too_large, "CMS");
    }
    // As with d2i_X509, what was given is freed and the pointer cleared on failure.
    auto* raw = CMS_ContentInfo_new_ex(ctx.native(), nullptr);
    const auto* cursor = data.data();
    const bool parsed =
        raw != nullptr && !data.empty() &&
        d2i_CMS_ContentInfo(&raw, &cursor, static_cast<long>(data.size())) != nullptr;
    cms_ptr cms{raw};
    if (!parsed || !cms) {
        return openssl_failure(errc::malformed, "CMS");
    }
    if (cursor != data.data() + data.size()) {
        return fail(errc::malformed, "bytes after the CMS");
    }
    return cms;
}

result<signer_view> find_signer(CMS_ContentInfo* cms, const std::vector<certificate>& known) {
    ERR_clear_error();
    if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
        return fail(errc::malformed, "CMS that is no SignedData");
    }
    auto* infos = CMS_get0_SignerInfos(cms);
    const int count = infos == nullptr ? 0 : sk_CMS_SignerInfo_num(infos);
    if (count != 1) {
        return fail(count < 1 ? errc::malformed : errc::unsupported,
                    "CMS with " + std::to_string(count < 0 ? 0 : count) + " signers");
    }
    const x509_stack_ptr candidates{sk_X509_new_null()};
    for (const auto& cert : known) {
        if (!candidates || !push(candidates.get(), cert)) {
            return openssl_failure(errc::library, "known certificates");
        }
    }
    signer_view out{.info = sk_CMS_SignerInfo_value(infos, 0)};
    CMS_set1_signers_certs(cms, candidates.get(), 0);
    X509_ALGOR* digest = nullptr;
    X509_ALGOR* signature = nullptr;
    CMS_SignerInfo_get0_algs(out.info, nullptr, &out.cert, &digest, &signature);
    ERR_clear_error();
    if (out.cert == nullptr || digest == nullptr || signature == nullptr) {
        return fail(errc::malformed, "CMS without its signer's certificate");
    }
    const ASN1_OBJECT* oid = nullptr;
    X509_ALGOR_get0(&oid, nullptr, nullptr, digest);
    out.digest = OBJ_obj2nid(oid);
    X509_ALGOR_get0(&oid, nullptr, nullptr, signature);
    OBJ_find_sigid_algs(OBJ_obj2nid(oid), &out.signature_digest, nullptr);
    return out;
}

bool digests_permitted(const signer_view& signer) {
    // rsaEncryption, Ed25519 and PSS name no digest of their own.
    return permitted(signer.digest) &&
           (signer.signature_digest == NID_undef || permitted(signer.signature_digest));
}

bool content_is_absent(CMS_ContentInfo* cms) {
    auto** content = CMS_get0_content(cms);
    ERR_clear_error();
    return content == nullptr || *content == nullptr;
}

bool signature_holds(CMS_ContentInfo* cms, const signer_view& signer, BIO* detached_content,
                     BIO* out) {
    ERR_clear_error();
    const bool holds = content_type_matches(cms, signer.info) &&
                       CMS_verify(cms, nullptr, nullptr, detached_content, out,
                                  CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
    ERR_clear_error();
    return holds;
}

std::optional<time_point> signing_time_of(const CMS_SignerInfo* info) {
    const int at = CMS_signed_get_attr_by_NID(info, NID_pkcs9_signingTime, -1);
    auto* attribute = at < 0 ? nullptr : CMS_signed_get_attr(info, at);
    const auto* value = attribute != nullptr && X509_ATTRIBUTE_count(attribute) == 1
                            ? X509_ATTRIBUTE_get0_type(attribute, 0)
                            : nullptr;
    if (value == nullptr ||
        (value->type != V_ASN1_UTCTIME && value->type != V_ASN1_GENERALIZEDTIME)) {
        return std::nullopt;
    }
    return read_asn1_time(value->value.asn1_string);
}

std::vector<certificate> certificates_of(const context& ctx, CMS_ContentInfo* cms) {
    const x509_stack_ptr list{CMS_get1_certs(cms)};
    std::vector<certificate> out;
    for (int i = 0; list && i < sk_X509_num(list.get()); ++i) {
        out.push_back(certificate_factory::share(ctx, sk_X509_value(list.get(), i)));
    }
    ERR_clear_error();
    return out;
}

} // namespace pomona::crypto
