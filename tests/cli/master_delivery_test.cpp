// What a delivery is beside its masters: the bag, the file that is written last, and a signature for the next one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sndfile.h>

#include <fstream>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

std::string bag_hash(const std::string& bytes, const EVP_MD* algorithm) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, algorithm, nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

std::string sha256(const std::string& bytes) { return bag_hash(bytes, EVP_sha256()); }

// A bag that another program made, as it is to be.
void make_strangers_bag(const fs::path& bag, const std::string& name, const EVP_MD* algorithm) {
  fs::remove_all(bag);
  spill(bag / "data/notes.txt", "what somebody noted");
  spill(bag / "bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
  spill(bag / "bag-info.txt", "Source-Organization: My Label\n");
  spill(bag / ("manifest-" + name + ".txt"), bag_hash("what somebody noted", algorithm) + "  data/notes.txt\n");
  std::string tags;
  for (const std::string& tag : {std::string("bagit.txt"), std::string("bag-info.txt"), "manifest-" + name + ".txt"})
    tags += bag_hash(slurp(bag / tag), algorithm) + "  " + tag + "\n";
  spill(bag / ("tagmanifest-" + name + ".txt"), tags);
}

class MasterDelivery : public testing::Test {
 protected:
  MasterDelivery() {
    Random random = seeded(821);
    for (const char* name : {"a.wav", "side 100%/b.wav"}) {
      fs::create_directories((work_.in() / name).parent_path());
      write_sound(work_.in() / name, wandering(random, 44100, 2, 1.5, 0.3), kWav24);
    }
  }
  ProgramResult master(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--json", "--recipe", work_.recipe(kCopy)});
    return work_.master(more);
  }
  ProgramResult verify() const { return run_program({"verify", work_.out().string(), "--json"}); }
  // "data/a.wav MISSING" for each problem of the bag.
  std::multiset<std::string> bag_problems() const {
    std::multiset<std::string> codes;
    const nlohmann::json checked = verify().json();
    for (const auto& problem : checked.at("bag").at("problems"))
      codes.insert(problem.at("path").get<std::string>() + " " + problem.at("code").get<std::string>());
    return codes;
  }
  nlohmann::json sentinel() const { return nlohmann::json::parse(slurp(work_.out() / "BatchComplete.json")); }
  Workspace work_;
};

// As a stranger reads it: every line is a hash and a path, and every file below data/ is named once.
void expect_valid_bag(const fs::path& bag) {
  std::map<std::string, std::string> named;
  std::ifstream manifest(bag / "manifest-sha256.txt");
  for (std::string line; std::getline(manifest, line);) {
    std::string path = line.substr(66);
    for (std::size_t at; (at = path.find("%25")) != std::string::npos;) path.replace(at, 3, "\x01");
    std::ranges::replace(path, '\x01', '%');
    EXPECT_TRUE(named.emplace(path, line.substr(0, 64)).second) << line;
  }
  std::uintmax_t bytes = 0;
  std::size_t files = 0;
  for (const auto& [name, text] : tree_of(bag / "data")) {
    EXPECT_EQ(named["data/" + name], sha256(text)) << name;
    bytes += text.size();
    ++files;
  }
  EXPECT_EQ(files, named.size());
  EXPECT_THAT(slurp(bag / "bag-info.txt"),
              HasSubstr("Payload-Oxum: " + std::to_string(bytes) + "." + std::to_string(files)));
  EXPECT_EQ(slurp(bag / "bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
  std::ifstream tags(bag / "tagmanifest-sha256.txt");
  int lines = 0;
  for (std::string line; std::getline(tags, line); ++lines)
    EXPECT_EQ(line.substr(0, 64), sha256(slurp(bag / line.substr(66)))) << line;
  EXPECT_EQ(lines, 3);
}

TEST_F(MasterDelivery, ABagHoldsTheMastersAndTheirHashes) {
  const ProgramResult run = master({"--bag"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(fs::exists(work_.out() / "data/side 100%/b.wav"));
  expect_valid_bag(work_.out());
  expect_nothing_staged(work_.out());
  const ProgramResult check = verify();
  EXPECT_EQ(check.exit_code, 0) << check.out;
  EXPECT_EQ(check.json().at("bag").at("state"), "VALID");
  EXPECT_EQ(check.json().at("summary").at("ok"), 2);
  EXPECT_EQ(sentinel().at("bag_manifest").at("sha256"), sha256(slurp(work_.out() / "tagmanifest-sha256.txt")));
}

TEST_F(MasterDelivery, ARunThatAddsToABagMakesItWholeAgain) {
  ASSERT_EQ(master({"--bag"}).exit_code, 0);
  Random random = seeded(822);
  write_sound(work_.in() / "c.wav", wandering(random, 44100, 2, 1, 0.3), kWav24);
  spill(work_.out() / "data/booklet.pdf", "made by somebody else");
  const ProgramResult run = master({"--bag"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(states_of(run.json()).at("a.wav"), "UNCHANGED");
  expect_valid_bag(work_.out());
  EXPECT_TRUE(fs::exists(work_.out() / "data/c.wav"));
  const ProgramResult beside = master();
  EXPECT_EQ(beside.exit_code, 2);
  EXPECT_THAT(beside.err, HasSubstr("is a bag: say --bag"));
}

// Masters of as many bytes as those before them, under names whose first is another.
TEST_F(MasterDelivery, ABagMadeAnewHoldsNoHashOfAnEarlierRunsMasters) {
  const auto by = [this](const std::string& outputs, const std::string& gain_db) {
    const std::string recipe =
        work_.recipe("recipe: v1\nchain: [{gain: {gain_db: " + gain_db + "}}]\noutputs: [" + outputs + "]\n");
    return work_.master({"--json", "--bag", "--recipe", recipe});
  };
  ASSERT_EQ(by("{id: x, bits: 24}, {id: y, bits: 16}", "-1").exit_code, 0);
  const std::uintmax_t bytes = fs::file_size(work_.out() / "data/a.x.wav");
  const ProgramResult run = by("{id: w, bits: 16}, {id: x, bits: 24}", "-2");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(fs::file_size(work_.out() / "data/a.x.wav"), bytes);
  expect_valid_bag(work_.out());
  const ProgramResult check = verify();
  EXPECT_EQ(check.exit_code, 0) << check.out;
  EXPECT_EQ(check.json().at("summary").at("ok"), 6) << "y of the first run is still there, and known: " << check.out;
}

TEST_F(MasterDelivery, NothingIsPutIntoABagBesideItsManifests) {
  ASSERT_EQ(master({"--bag"}).exit_code, 0);
  const Untouched same(work_.out());
  for (const char* inside : {"data", "data/more"}) {
    const ProgramResult run = master({"--out", (work_.out() / inside).string()});
    EXPECT_EQ(run.exit_code, 2) << inside;
    EXPECT_THAT(run.err, HasSubstr("lies in the bag " + work_.out().string()));
  }
}

TEST_F(MasterDelivery, WhatIsWrongWithABagIsSaidOfEachFile) {
  ASSERT_EQ(master({"--bag"}).exit_code, 0);
  spill(work_.out() / "data/more.txt", "not named");
  fs::remove(work_.out() / "data/a.wav");
  spill(work_.out() / "bag-info.txt", "Payload-Oxum: 1.1\n");
  const ProgramResult check = verify();
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_EQ(bag_problems(), (std::multiset<std::string>{"data/a.wav MISSING", "data/more.txt UNNAMED",
                                                        "bag-info.txt CHANGED", "bag-info.txt OXUM"}));
  fs::remove(work_.out() / "data/lathe-manifest.json");  // a bag of somebody else's
  spill(work_.out() / "manifest-sha256.txt",
        sha256("not named") + "  data/more.txt\nnonsense\n" + sha256("") + "  data/../../etc/passwd\n");
  const ProgramResult foreign = verify();
  EXPECT_EQ(foreign.exit_code, 1);
  EXPECT_THAT(foreign.out, HasSubstr("OUTSIDE"));
  EXPECT_THAT(foreign.out, HasSubstr("line 2 is no SHA-256 and a path"));
}

TEST_F(MasterDelivery, NothingIsPutIntoABagThroughALink) {
  ASSERT_EQ(master({"--bag"}).exit_code, 0);
  const Untouched same(work_.out());
  fs::create_directory_symlink(work_.out() / "data", work_.root() / "link");
  fs::create_directories(work_.root() / "other");
  fs::create_directory_symlink(work_.out() / "data", work_.root() / "other/data");
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--out", "link"}, {"--out", "link/new/deeper"}, {"--out", "other", "--bag"}}) {
    std::vector<std::string> arguments = more;
    arguments[1] = (work_.root() / more[1]).string();
    const ProgramResult run = master(arguments);
    EXPECT_EQ(run.exit_code, 2) << more[1];
    EXPECT_THAT(run.err, HasSubstr("lies in the bag " + fs::canonical(work_.out()).string()));
  }
}

TEST_F(MasterDelivery, ABagOfSomebodyElsesIsRefusedBeforeAnythingIsMade) {
  make_strangers_bag(work_.out(), "md5", EVP_md5());
  const Untouched same(work_.out());
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--bag"}, {"--bag", "--overwrite"}, {"--bag", "--dry-run"}}) {
    const ProgramResult run = master(more);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("is not Lathe's own (see its bag-info.txt)"));
  }
  EXPECT_THAT(master().err, HasSubstr("is a bag: it is not Lathe's; choose another folder"));
  EXPECT_EQ(verify().exit_code, 0) << "it is whole";
}

TEST_F(MasterDelivery, ABagThatGotManifestsOfAnotherProgramIsNotAddedTo) {
  ASSERT_EQ(master({"--bag"}).exit_code, 0);
  spill(work_.out() / "manifest-sha512.txt", "");
  const ProgramResult run = master({"--bag"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("see its manifest-sha512.txt"));
}

TEST_F(MasterDelivery, WhatOthersSayInTheBagsInfoStays) {
  ASSERT_EQ(master({"--bag"}).exit_code, 0);
  const fs::path info = work_.out() / "bag-info.txt";
  spill(info, slurp(info) + "Source-Organization: My Label,\n  London\nBag-Size: 1 TB\n");
  for (int run = 0; run < 2; ++run) ASSERT_EQ(master({"--bag"}).exit_code, 0);
  expect_valid_bag(work_.out());
  EXPECT_THAT(slurp(info), testing::EndsWith("\nSource-Organization: My Label,\n  London\n"));
  EXPECT_EQ(bag_problems(), std::multiset<std::string>{});
}

TEST_F(MasterDelivery, OfNoMastersNoBagIsMade) {
  fs::remove_all(work_.in());
  spill(work_.in() / "bad.wav", "no audio");
  EXPECT_NE(master({"--bag"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(work_.out()));
}

TEST_F(MasterDelivery, AFileThatABagCannotNameIsSaid) {
  spill(work_.out() / "data/caf\xE9.pdf", "a booklet");
  const ProgramResult run = master({"--bag"});
  EXPECT_EQ(run.exit_code, kSomeFailed);
  EXPECT_THAT(run.err, HasSubstr("caf\\xE9.pdf is not UTF-8"));
  EXPECT_FALSE(fs::exists(work_.out() / "bagit.txt"));
}

TEST_F(MasterDelivery, TheManifestsOfABagAreCheckedWhateverTheirAlgorithm) {
  const std::map<std::string, const EVP_MD*> algorithms{{"md5", EVP_md5()},       {"sha1", EVP_sha1()},
                                                        {"sha224", EVP_sha224()}, {"sha256", EVP_sha256()},
                                                        {"sha384", EVP_sha384()}, {"sha512", EVP_sha512()}};
  for (const auto& [name, algorithm] : algorithms) {
    SCOPED_TRACE(name);
    make_strangers_bag(work_.out(), name, algorithm);
    const ProgramResult whole = verify();
    EXPECT_EQ(whole.exit_code, 0) << whole.out;
    EXPECT_EQ(whole.json().at("bag").at("files"), 4);
    spill(work_.out() / "data/notes.txt", "what somebody thinks");
    spill(work_.out() / "data/more.txt", "not named");
    spill(work_.out() / "bag-info.txt", "Source-Organization: Another\n");
    EXPECT_EQ(bag_problems(),
              (std::multiset<std::string>{"data/notes.txt CHANGED", "data/more.txt UNNAMED", "bag-info.txt CHANGED"}));
  }
}

TEST_F(MasterDelivery, EachPayloadManifestOfABagNamesAllOfItsPayload) {
  make_strangers_bag(work_.out(), "md5", EVP_md5());
  spill(work_.out() / "data/more.txt", "of one manifest");
  spill(work_.out() / "manifest-sha256.txt", sha256("of one manifest") + "  data/more.txt\n");
  EXPECT_EQ(bag_problems(), (std::multiset<std::string>{"data/notes.txt UNNAMED", "data/more.txt UNNAMED"}));
  // Before BagIt 1.0 one of them was enough.
  spill(work_.out() / "bagit.txt", "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n");
  EXPECT_EQ(bag_problems(), (std::multiset<std::string>{"bagit.txt CHANGED"}));
}

TEST_F(MasterDelivery, AManifestOfAnUnknownAlgorithmIsSaidToBeUnchecked) {
  make_strangers_bag(work_.out(), "md5", EVP_md5());
  spill(work_.out() / "manifest-xyz9.txt", "0123abc  data/notes.txt\n");
  const ProgramResult check = verify();
  EXPECT_EQ(check.exit_code, 0) << check.out;
  EXPECT_EQ(check.json().at("bag").at("not_checked"), nlohmann::json::array({"manifest-xyz9.txt"}));
  EXPECT_THAT(run_program({"verify", work_.out().string()}).out, HasSubstr("manifest-xyz9.txt: not checked"));
  spill(work_.out() / "data/more.txt", "not named");
  EXPECT_EQ(bag_problems(), (std::multiset<std::string>{"data/more.txt UNNAMED", "data/more.txt UNNAMED"}));
  fs::remove(work_.out() / "data/more.txt");
  fs::remove(work_.out() / "manifest-md5.txt");
  fs::remove(work_.out() / "tagmanifest-md5.txt");
  EXPECT_EQ(bag_problems(), (std::multiset<std::string>{"manifest-xyz9.txt MANIFEST"}));
}

TEST_F(MasterDelivery, TheSentinelIsThereWhenAllIsThere) {
  ASSERT_EQ(master().exit_code, 0);
  EXPECT_EQ(sentinel().at("state"), "COMPLETE");
  EXPECT_EQ(sentinel().at("tracks"), 2);
  EXPECT_EQ(sentinel().at("manifest").at("path"), "lathe-manifest.json");
  EXPECT_EQ(sentinel().at("manifest").at("sha256"), sha256(slurp(work_.out() / "lathe-manifest.json")));
  {
    const Untouched same(work_.out());  // nothing was made: nothing is written
    ASSERT_EQ(master().exit_code, 0);
  }
  spill(work_.in() / "bad.wav", "no audio");
  ASSERT_EQ(master().exit_code, 1);
  EXPECT_FALSE(fs::exists(work_.out() / "BatchComplete.json"));
  fs::remove(work_.in() / "bad.wav");
  ASSERT_EQ(master().exit_code, 0);
  EXPECT_EQ(sentinel().at("tracks"), 2);
  expect_nothing_staged(work_.out());
}

TEST_F(MasterDelivery, AFileOfTheSentinelsNameThatIsNoneIsLeftAlone) {
  spill(work_.out() / "BatchComplete.json", "{\"mine\": true}");
  const ProgramResult run = master();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("move it away"));
  EXPECT_EQ(slurp(work_.out() / "BatchComplete.json"), "{\"mine\": true}");
  EXPECT_EQ(tree_of(work_.out()).size(), 1u);
}

TEST_F(MasterDelivery, ADryRunLeavesTheSentinelWhereItIs) {
  ASSERT_EQ(master().exit_code, 0);
  const Untouched same(work_.out());
  EXPECT_EQ(master({"--dry-run"}).exit_code, 0);
}

TEST_F(MasterDelivery, ASignatureMastersAsTheAlbumItselfDoes) {
  Random random = seeded(823);
  const fs::path album = work_.root() / "album";
  fs::create_directories(album);
  for (const char* name : {"1.wav", "2.wav"}) write_sound(album / name, wandering(random, 48000, 2, 4, 0.7), kWav24);
  const fs::path file = work_.root() / "album.signature.json";
  const ProgramResult made = run_program({"signature", album.string(), "--out", file.string()});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("2 files"));
  const auto by = [&](const std::string& reference, const fs::path& out) {
    const std::string recipe =
        work_.recipe("recipe: v1\nname: like\nchain: [{match_eq: {reference: " + reference +
                     ", stereo_width: true}}, {limit: {}}]\nloudness: {target_lufs: reference}\n");
    const ProgramResult run = work_.master({"--json", "--recipe", recipe, "--out", out.string()});
    EXPECT_EQ(run.exit_code, 0) << run.err << run.out;
    return masters_of(out);
  };
  const Tree by_album = by("album", work_.root() / "by-album");
  fs::remove_all(album);  // the signature is enough
  EXPECT_TRUE(by("album.signature.json", work_.root() / "by-signature") == by_album);
  EXPECT_EQ(by_album.size(), 2u);
}

TEST_F(MasterDelivery, ASignatureOfNothingOrOntoSomethingElseIsRefused) {
  const std::string out = (work_.root() / "s.json").string();
  EXPECT_EQ(run_program({"signature", (work_.root() / "none").string(), "--out", out}).exit_code, 3);
  EXPECT_FALSE(fs::exists(out));
  spill(out, "{\"schema\": \"mine\"}");
  EXPECT_EQ(run_program({"signature", work_.in().string(), "--out", out}).exit_code, 2);
  EXPECT_EQ(slurp(out), "{\"schema\": \"mine\"}");
  EXPECT_EQ(run_program({"signature", work_.in().string(), "--out", (work_.root() / "s.txt").string()}).exit_code, 2);
  const std::string recipe = work_.recipe("recipe: v1\nchain: [{match_eq: {reference: s.json}}]\n");
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(track_named(run.json(), "a.wav").at("reason").get<std::string>(), HasSubstr("no album's signature"));
}

}  // namespace
}  // namespace lathe::test
