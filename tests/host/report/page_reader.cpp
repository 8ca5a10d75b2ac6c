#include "tests/host/report/page_reader.h"

#include <cctype>
#include <set>
#include <stdexcept>

namespace lathe::testing {
namespace {

const std::set<std::string> kVoidElements = {"br", "input", "meta"};
const std::set<std::string> kRawTextElements = {"style", "script"};
const std::map<std::string, char> kEntities = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"#39", '\''}};

class PageReader {
 public:
  explicit PageReader(std::string_view html) : html_(html) {}

  Page read() {
    expect("<!doctype html>");
    while (at_ < html_.size()) {
      if (html_[at_] != '<') {
        page_.text += text_until('<');
      } else if (html_.substr(at_, 2) == "</") {
        end_tag();
      } else {
        start_tag();
      }
    }
    if (!open_.empty()) fail("not closed: " + open_.back());
    return page_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + " before: " + std::string(html_.substr(at_, 60)));
  }
  void expect(std::string_view text) {
    if (html_.substr(at_, text.size()) != text) fail("expected " + std::string(text));
    at_ += text.size();
  }
  bool takes(std::string_view text) {
    if (html_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }
  std::string name() {
    const std::size_t start = at_;
    while (at_ < html_.size() && (std::isalnum(static_cast<unsigned char>(html_[at_])) || html_[at_] == '-')) ++at_;
    if (at_ == start) fail("a name is missing");
    return std::string(html_.substr(start, at_ - start));
  }
  std::string text_until(char end) {
    std::string text;
    while (at_ < html_.size() && html_[at_] != end) {
      if (html_[at_] == '&') {
        text += entity();
      } else if (html_[at_] == '<' || html_[at_] == '>') {
        fail("not escaped");
      } else {
        text += html_[at_++];
      }
    }
    return text;
  }
  char entity() {
    const std::size_t end = html_.find(';', at_);
    const auto found = kEntities.find(std::string(html_.substr(at_ + 1, end - at_ - 1)));
    if (found == kEntities.end()) fail("an ampersand that is no entity");
    at_ = end + 1;
    return found->second;
  }
  void start_tag() {
    expect("<");
    PageElement element{name(), {}};
    page_.tags += "<" + element.name;
    bool is_closed = false;
    while (!takes(">")) {
      if (takes("/>")) {
        is_closed = true;
        break;
      }
      expect(" ");
      const std::string attribute = name();
      std::string value;
      if (takes("=")) {
        expect("\"");
        value = text_until('"');
        expect("\"");
      }
      if (!element.attributes.emplace(attribute, value).second) fail("twice: " + attribute);
      page_.tags += " " + attribute;
    }
    page_.tags += ">";
    if (kRawTextElements.contains(element.name)) {
      raw_text(element.name);
    } else if (!is_closed && !kVoidElements.contains(element.name)) {
      open_.push_back(element.name);
    }
    page_.elements.push_back(std::move(element));
  }
  void raw_text(const std::string& element) {
    const std::size_t end = html_.find("</" + element + ">", at_);
    if (end == std::string_view::npos) fail("not closed: " + element);
    if (element == "script") page_.script += html_.substr(at_, end - at_);
    at_ = end + element.size() + 3;
  }
  void end_tag() {
    expect("</");
    const std::string closed = name();
    expect(">");
    if (open_.empty() || open_.back() != closed) fail("closes what is not open: " + closed);
    open_.pop_back();
    page_.tags += "</" + closed + ">";
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  Page page_;
};

}  // namespace

Page read_page(std::string_view html) { return PageReader(html).read(); }

}  // namespace lathe::testing
