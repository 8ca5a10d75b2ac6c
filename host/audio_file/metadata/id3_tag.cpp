// ID3v2.2, 2.3 and 2.4 (id3.org: id3v2-00, id3v2.3.0, id3v2.4.0-structure).
#include "host/audio_file/metadata/id3_tag.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/metadata/picture.h"

namespace lathe {
namespace {

constexpr std::size_t kMostFrames = 10'000;
constexpr int kUnsynchronised = 0x80, kExtendedHeader = 0x40, kFooter = 0x10;

std::uint32_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8 | byte_at(bytes, i);
  return value;
}

// Four bytes of seven bits.
std::uint32_t synchsafe(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 7 | (byte_at(bytes, i) & 0x7f);
  return value;
}

std::string synchsafe_bytes(std::size_t value) {
  std::string out;
  for (int shift = 21; shift >= 0; shift -= 7) out += static_cast<char>((value >> shift) & 0x7f);
  return out;
}

// Undoes the zero that is put behind every 0xFF.
std::string resynchronised(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out += bytes[i];
    if (bytes[i] == '\xff' && i + 1 < bytes.size() && bytes[i + 1] == '\0') ++i;
  }
  return out;
}

bool is_frame_id(std::string_view id) {
  return !id.empty() &&
         std::ranges::all_of(id, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

struct Renamed {
  std::string_view old_id, id;
};

// Frames of 2.2 by their present names.
constexpr Renamed kOfVersion2[] = {
    {"BUF", "RBUF"}, {"CNT", "PCNT"}, {"COM", "COMM"}, {"GEO", "GEOB"}, {"IPL", "IPLS"}, {"MCI", "MCDI"},
    {"POP", "POPM"}, {"RVA", "RVAD"}, {"SLT", "SYLT"}, {"TAL", "TALB"}, {"TBP", "TBPM"}, {"TCM", "TCOM"},
    {"TCO", "TCON"}, {"TCP", "TCMP"}, {"TCR", "TCOP"}, {"TDA", "TDAT"}, {"TEN", "TENC"}, {"TFT", "TFLT"},
    {"TIM", "TIME"}, {"TKE", "TKEY"}, {"TLA", "TLAN"}, {"TLE", "TLEN"}, {"TMT", "TMED"}, {"TOA", "TOPE"},
    {"TOF", "TOFN"}, {"TOL", "TOLY"}, {"TOR", "TORY"}, {"TOT", "TOAL"}, {"TP1", "TPE1"}, {"TP2", "TPE2"},
    {"TP3", "TPE3"}, {"TP4", "TPE4"}, {"TPA", "TPOS"}, {"TPB", "TPUB"}, {"TRC", "TSRC"}, {"TRK", "TRCK"},
    {"TS2", "TSO2"}, {"TSA", "TSOA"}, {"TSC", "TSOC"}, {"TSP", "TSOP"}, {"TSS", "TSSE"}, {"TST", "TSOT"},
    {"TT1", "TIT1"}, {"TT2", "TIT2"}, {"TT3", "TIT3"}, {"TXT", "TEXT"}, {"TXX", "TXXX"}, {"TYE", "TYER"},
    {"UFI", "UFID"}, {"ULT", "USLT"}, {"WAF", "WOAF"}, {"WAR", "WOAR"}, {"WAS", "WOAS"}, {"WCM", "WCOM"},
    {"WCP", "WCOP"}, {"WPB", "WPUB"}, {"WXX", "WXXX"}};

// Frames that 2.4 calls otherwise.
constexpr Renamed kOfVersion3[] = {{"TORY", "TDOR"}, {"IPLS", "TIPL"}};

template <std::size_t N>
std::string renamed(const Renamed (&table)[N], std::string_view id) {
  const auto* found = std::ranges::find(table, id, &Renamed::old_id);
  return std::string(found == std::end(table) ? id : found->id);
}

// A frame's extent and flags, as its header has them.
struct FrameHead {
  std::string id;
  std::size_t header_bytes = 0, size = 0;
  bool is_packed = false;  // compressed or encrypted
  bool is_unsynchronised = false;
  std::size_t extra_bytes = 0;  // of the body, before what the frame says
};

class TagReader {
 public:
  TagReader(int version, std::string_view body, bool is_unsynchronised)
      : version_(version), left_(body), is_unsynchronised_(is_unsynchronised) {}

  Id3Tag read() {
    while (!left_.empty() && left_[0] != '\0') {
      const std::optional<FrameHead> head = next_head();
      if (!head) {
        tag_.notes.emplace_back("the ID3 tag is damaged: what stands behind its last whole frame is left out");
        break;
      }
      if (tag_.frames.size() >= kMostFrames) {
        tag_.notes.emplace_back("the ID3 tag has more frames than are read: the rest is left out");
        break;
      }
      take(*head, left_.substr(head->header_bytes, head->size));
      left_.remove_prefix(head->header_bytes + head->size);
    }
    if (version_ < 4) join_dates();
    return std::move(tag_);
  }

 private:
  std::optional<FrameHead> next_head() const {
    FrameHead head;
    const std::size_t id_bytes = version_ == 2 ? 3 : 4;
    head.header_bytes = version_ == 2 ? 6 : 10;
    if (left_.size() < head.header_bytes || !is_frame_id(left_.substr(0, id_bytes))) return std::nullopt;
    head.id = left_.substr(0, id_bytes);
    head.size = version_ == 4 ? size_of_4() : big_endian(left_.substr(id_bytes, id_bytes));
    if (head.size > left_.size() - head.header_bytes) return std::nullopt;
    if (version_ >= 3) read_flags(head, byte_at(left_, 9));
    return head;
  }

  void read_flags(FrameHead& head, std::uint32_t flags) const {
    if (version_ == 3) {
      head.is_packed = (flags & 0xc0) != 0;
      head.extra_bytes = (flags & 0x20) != 0 ? 1 : 0;
    } else {
      head.is_packed = (flags & 0x0c) != 0;
      head.is_unsynchronised = (flags & 0x02) != 0 || is_unsynchronised_;
      head.extra_bytes = ((flags & 0x40) != 0 ? 1U : 0U) + ((flags & 0x01) != 0 ? 4U : 0U);
    }
  }

  // Some write plain numbers for synchsafe ones: it is the one behind which a frame or the padding begins.
  std::size_t size_of_4() const {
    const std::size_t safe = synchsafe(left_.substr(4, 4)), plain = big_endian(left_.substr(4, 4));
    const auto fits = [this](std::size_t size) {
      if (size > left_.size() - 10) return false;
      const std::string_view behind = left_.substr(10 + size);
      return behind.empty() || behind[0] == '\0' || (behind.size() >= 4 && is_frame_id(behind.substr(0, 4)));
    };
    return safe == plain || fits(safe) || !fits(plain) ? safe : plain;
  }

  void take(const FrameHead& head, std::string_view raw) {
    if (head.is_packed) {
      tag_.notes.push_back(fmt::format("the ID3 frame {} is compressed or encrypted and left out", head.id));
      return;
    }
    std::string body = head.is_unsynchronised ? resynchronised(raw) : std::string(raw);
    body.erase(0, std::min(head.extra_bytes, body.size()));
    if (head.id == "APIC" || head.id == "PIC") {
      if (auto picture = picture_from_apic(body, version_ == 2)) {
        tag_.pictures.push_back(std::move(*picture));
      } else {
        tag_.notes.emplace_back("a damaged picture in the ID3 tag is left out");
      }
      return;
    }
    std::string id = version_ == 2 ? renamed(kOfVersion2, head.id) : head.id;
    if (version_ < 4) id = renamed(kOfVersion3, id);
    if (id.size() != 4 || (version_ < 4 && (id == "CHAP" || id == "CTOC"))) {
      tag_.notes.push_back(fmt::format("the ID3 frame {} of version 2.{} is left out", head.id, version_));
      return;
    }
    tag_.frames.push_back({std::move(id), std::move(body)});
  }

  std::string digits_of(std::string_view id) const {
    const auto found = std::ranges::find(tag_.frames, id, &Id3Frame::id);
    if (found == tag_.frames.end() || found->body.empty()) return "";
    const auto strings = id3_strings(found->body[0], std::string_view(found->body).substr(1));
    return strings.empty() ? "" : strings.front();
  }

  // Year, day and month (DDMM) and time (HHMM) became one frame.
  void join_dates() {
    const std::string year = digits_of("TYER"), day = digits_of("TDAT"), time = digits_of("TIME");
    std::string date = year;
    if (year.size() == 4 && day.size() == 4) {
      date += "-" + day.substr(2, 2) + "-" + day.substr(0, 2);
      if (time.size() == 4) date += "T" + time.substr(0, 2) + ":" + time.substr(2, 2);
    }
    const bool has_new = std::ranges::any_of(tag_.frames, [](const Id3Frame& f) { return f.id == "TDRC"; });
    const auto first = std::ranges::find(tag_.frames, "TYER", &Id3Frame::id);
    if (!date.empty() && !has_new && first != tag_.frames.end()) *first = {"TDRC", "\x03" + date};
    if (year.empty()) return;
    std::erase_if(tag_.frames, [](const Id3Frame& f) { return f.id == "TYER" || f.id == "TDAT" || f.id == "TIME"; });
  }

  int version_;
  std::string_view left_;
  bool is_unsynchronised_;
  Id3Tag tag_;
};

std::size_t extended_header_bytes(int version, std::string_view body) {
  if (body.size() < 4) return 0;
  return std::min<std::size_t>(body.size(), version == 3 ? 4ULL + big_endian(body.substr(0, 4)) : synchsafe(body));
}

}  // namespace

std::size_t id3_tag_bytes(std::string_view bytes) {
  if (bytes.size() < kId3HeaderBytes || !bytes.starts_with("ID3")) return 0;
  const std::size_t footer = (byte_at(bytes, 5) & kFooter) != 0 ? kId3HeaderBytes : 0;
  return kId3HeaderBytes + synchsafe(bytes.substr(6, 4)) + footer;
}

Id3Tag parse_id3_tag(std::string_view bytes) {
  Id3Tag refused;
  const int version = bytes.size() < kId3HeaderBytes || !bytes.starts_with("ID3") ? 0 : bytes[3];
  if (version < 2 || version > 4) {
    refused.notes.emplace_back("what should be an ID3v2 tag is none that is known, and left out");
    return refused;
  }
  const std::uint32_t flags = byte_at(bytes, 5);
  std::string_view body = bytes.substr(kId3HeaderBytes, synchsafe(bytes.substr(6, 4)));
  std::string whole;
  if ((flags & kUnsynchronised) != 0 && version < 4) {
    whole = resynchronised(body);
    body = whole;
  }
  if ((flags & kExtendedHeader) != 0) {
    if (version == 2) {
      refused.notes.emplace_back("the ID3 tag is compressed and left out");
      return refused;
    }
    body.remove_prefix(extended_header_bytes(version, body));
  }
  return TagReader(version, body, (flags & kUnsynchronised) != 0).read();
}

std::vector<Id3Frame> parse_id3_frames(std::string_view bytes) { return TagReader(4, bytes, false).read().frames; }

std::string make_id3_tag(const std::vector<Id3Frame>& frames, const std::vector<Picture>& pictures) {
  std::string body;
  const auto add = [&body](const std::string& id, const std::string& frame) {
    body += id + synchsafe_bytes(frame.size()) + std::string(2, '\0') + frame;
  };
  for (const Id3Frame& frame : frames) add(frame.id, frame.body);
  for (const Picture& picture : pictures) add("APIC", apic_body(picture));
  if (body.empty()) return body;
  return std::string("ID3\x04\0\0", 6) + synchsafe_bytes(body.size()) + body;
}

}  // namespace lathe
