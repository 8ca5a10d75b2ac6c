#include "host/compare/ab_page.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ostream>

#include "host/audio_file/message_digest.h"
#include "host/report/audit_html.h"
#include "host/report/audit_text.h"

namespace lathe {
namespace {

// Lets this very script run and no other, and nothing be loaded.
std::string policy() {
  MessageDigest sha256(MessageDigest::Kind::sha256);
  sha256.update(kAbScript.data(), kAbScript.size());
  const std::string hex = sha256.hex();
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    int value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes.push_back(static_cast<char>(value));
  }
  return fmt::format("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'",
                     base64(bytes.data(), bytes.size()));
}

std::string version_note(const AbVersion& version) {
  std::string note = fmt::format("{:+.1f} dB", std::abs(version.gain_db) < 0.05 ? 0.0 : version.gain_db);
  if (!version.is_matched)
    note += std::isfinite(version.lufs)
                ? fmt::format(", at {} LUFS: its peaks leave no more room", figure_text(version.lufs, 1))
                : std::string(", too faint or short for a loudness");
  return note;
}

}  // namespace

std::string base64(const void* data, std::size_t bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* from = static_cast<const unsigned char*>(data);
  std::string text;
  text.reserve((bytes + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes; i += 3) {
    const std::size_t left = bytes - i;
    const unsigned word = static_cast<unsigned>(from[i]) << 16 |
                          (left > 1 ? static_cast<unsigned>(from[i + 1]) << 8 : 0U) |
                          (left > 2 ? static_cast<unsigned>(from[i + 2]) : 0U);
    text += kDigits[word >> 18];
    text += kDigits[word >> 12 & 63];
    text += left > 1 ? kDigits[word >> 6 & 63] : '=';
    text += left > 2 ? kDigits[word & 63] : '=';
  }
  return text;
}

AbPage::AbPage(std::ostream& out, const AbPageHead& head) : out_(out), mime_(mime_type(head.codec)) {
  out_ << "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
          "content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" content=\""
       << policy() << "\"><title>Before and after</title><style>" << kAbStyle
       << "</style></head><body><header><h1>Before and after</h1><p>" << html_text(head.subject) << "; "
       << html_text(head.engine)
       << "</p><p>All versions of an excerpt play at one loudness (within 0.1 LU); the difference is that of what you "
          "hear. The same place goes on when you change versions.</p><p class=\"keys\"><kbd>space</kbd> play, "
          "<kbd>1</kbd>&ndash;<kbd>9</kbd> version, <kbd>x</kbd> the other one, <kbd>&larr;</kbd> <kbd>&rarr;</kbd> "
          "a second, <kbd>&uarr;</kbd> <kbd>&darr;</kbd> excerpt, <kbd>b</kbd> blind, <kbd>p</kbd> prefer this one, "
          "<kbd>r</kbd> reveal</p><noscript><p>The player needs its script, which is in this file.</p></noscript>"
          "</header><nav><button id=\"blind\" type=\"button\" aria-pressed=\"false\">Blind</button> "
          "<button id=\"prefer\" type=\"button\" disabled>Prefer this one</button> <button id=\"reveal\" "
          "type=\"button\" disabled>Reveal</button> <output id=\"score\"></output><p id=\"trouble\" "
          "role=\"alert\"></p></nav><main>\n";
}

void AbPage::track(const AbTrack& track) {
  ++tracks_;
  out_ << "<section><h2>" << html_text(track.title);
  if (!track.artist.empty()) out_ << " <small>" << html_text(track.artist) << "</small>";
  out_ << "</h2><p class=\"figures\">before " << figure_text(track.before_lufs, 1) << " LUFS, after "
       << figure_text(track.after_lufs, 1) << " LUFS <small>" << html_text(track.master) << "</small></p>";
  for (const std::string& note : track.notes) out_ << "<p class=\"note\">" << html_text(note) << "</p>";
  for (const AbExcerpt& excerpt : track.excerpts) {
    out_ << fmt::format("<div class=\"excerpt\" data-mime=\"{}\"><h3>at {}, {:.1f} s: {}</h3><div class=\"row\">",
                        mime_, duration_text(excerpt.at_s), excerpt.seconds, html_text(excerpt.why))
         << "<button class=\"play\" type=\"button\">Play</button>";
    for (const AbVersion& version : excerpt.versions) {
      out_ << fmt::format(
          "<button class=\"version\" type=\"button\" data-name=\"{0}\"><span>{0}</span> "
          "<small>{1}</small></button>",
          html_text(version.name), html_text(version_note(version)));
    }
    out_ << "<input class=\"place\" type=\"range\" min=\"0\" max=\"1\" step=\"any\" value=\"0\" "
            "aria-label=\"place\"></div>";
    for (const AbVersion& version : excerpt.versions)
      out_ << "<template>" << base64(version.bytes.data(), version.bytes.size()) << "</template>";
    out_ << "</div>\n";
  }
  out_ << "</section>\n";
}

void AbPage::finish(const std::vector<std::string>& left_out) {
  out_ << "</main>";
  if (!left_out.empty()) {
    out_ << "<footer><h2>Not in this page</h2><ul>";
    for (const std::string& line : left_out) out_ << "<li>" << html_text(line) << "</li>";
    out_ << "</ul></footer>";
  }
  out_ << "<script>" << kAbScript << "</script></body></html>\n";
}

}  // namespace lathe
