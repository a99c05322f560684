#include "pomona/stack/target.hpp"

#include "private_file.hpp"

#include <yaml-cpp/yaml.h>

namespace pomona::stack {

namespace {

void put(YAML::Emitter& out, const char* key, const std::string& value) {
    if (!value.empty()) {
        // Always quoted: no value becomes a number or a boolean word by chance.
        out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
    }
}

void put_pem(YAML::Emitter& out, const char* key, const std::string& pem) {
    if (!pem.empty()) {
        out << YAML::Key << key << YAML::Value << YAML::Literal << pem;
    }
}

} // namespace

std::string to_yaml(const target& t) {
    YAML::Emitter out;
    out << YAML::BeginMap << YAML::Key << "pomona" << YAML::Value << 1;
    out << YAML::Key << "target" << YAML::Value << YAML::BeginMap;
    put(out, "name", t.name);
    put(out, "url", t.url);
    put(out, "enroll_url", t.enroll_url);
    put(out, "ade_url", t.ade_url);
    put(out, "ade_web_url", t.ade_web_url);
    put_pem(out, "device_ca", t.device_ca);
    put_pem(out, "trust", t.trust);
    out << YAML::Key << "api" << YAML::Value << YAML::BeginMap;
    put(out, "url", t.api.url);
    put(out, "user", t.api.user);
    put(out, "key", t.api.key);
    out << YAML::EndMap;
    out << YAML::Key << "apns" << YAML::Value << YAML::BeginMap;
    put(out, "host", t.apns.host);
    out << YAML::Key << "port" << YAML::Value << t.apns.port;
    put_pem(out, "trust", t.apns.trust);
    out << YAML::EndMap;
    put(out, "abm_url", t.abm_url);
    put(out, "idp_url", t.idp_url);
    put(out, "portal_url", t.portal_url);
    put(out, "proxy_url", t.proxy_url);
    put(out, "adapter", t.adapter);
    out << YAML::Key << "capabilities" << YAML::Value << YAML::Flow << t.capabilities;
    out << YAML::EndMap << YAML::EndMap;
    return std::string{out.c_str()} + "\n";
}

result<void> write_target(const target& t, const std::string& file) {
    return write_private_file(file, as_bytes(to_yaml(t)));
}

} // namespace pomona::stack
