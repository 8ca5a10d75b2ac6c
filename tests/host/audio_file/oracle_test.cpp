// An independent reader and writer agree: libsndfile opens what is written here, and the other way round.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cstring>
#include <memory>

#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

struct Closer {
  void operator()(SNDFILE* file) const { ::sf_close(file); }
};
using Sndfile = std::unique_ptr<SNDFILE, Closer>;

constexpr Container kContainers[] = {Container::wav,  Container::rf64, Container::w64,
                                     Container::aiff, Container::caf,  Container::flac};
constexpr Encoding kEncodings[] = {Encoding::pcm_u8, Encoding::pcm16,   Encoding::pcm24,
                                   Encoding::pcm32,  Encoding::float32, Encoding::float64};

// Integers left-justified in 32 bits, as libsndfile's int interface has them.
std::vector<int> widened(const AudioFormat& format, const Bytes& pcm) {
  const int bytes = bytes_per_sample(format.encoding);
  std::vector<int> out(pcm.size() / bytes);
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint32_t value = 0;
    std::memcpy(reinterpret_cast<std::byte*>(&value) + 4 - bytes, &pcm[i * bytes], bytes);
    if (format.encoding == Encoding::pcm_u8) value ^= 0x80000000U;
    out[i] = static_cast<int>(value);
  }
  return out;
}

// Float bytes as doubles.
std::vector<double> doubles(const AudioFormat& format, const Bytes& pcm) {
  std::vector<double> out(pcm.size() / bytes_per_sample(format.encoding));
  for (std::size_t i = 0; i < out.size(); ++i) {
    float narrow = 0;
    if (format.encoding == Encoding::float32) std::memcpy(&narrow, &pcm[4 * i], 4);
    if (format.encoding == Encoding::float32) out[i] = narrow;
    if (format.encoding == Encoding::float64) std::memcpy(&out[i], &pcm[8 * i], 8);
  }
  return out;
}

int sndfile_format(const AudioFormat& format) {
  const bool is_signed =
      format.container != Container::wav && format.container != Container::rf64 && format.container != Container::w64;
  const int subtypes[] = {is_signed ? SF_FORMAT_PCM_S8 : SF_FORMAT_PCM_U8,
                          SF_FORMAT_PCM_16,
                          SF_FORMAT_PCM_24,
                          SF_FORMAT_PCM_32,
                          SF_FORMAT_FLOAT,
                          SF_FORMAT_DOUBLE};
  const int majors[] = {SF_FORMAT_WAV, SF_FORMAT_RF64, SF_FORMAT_W64, SF_FORMAT_AIFF, SF_FORMAT_CAF, SF_FORMAT_FLAC};
  return majors[static_cast<int>(format.container)] | subtypes[static_cast<int>(format.encoding)];
}

template <class Action>
void for_each_format(Action action) {
  for (const Container container : kContainers) {
    for (const Encoding encoding : kEncodings) {
      for (const int channels : {1, 2, 6}) {
        const AudioFormat format{container, encoding, 44100, channels, 1001, 0, 0};
        if (!unwritable_reason(format).empty()) continue;
        SCOPED_TRACE(std::string(container_name(container)) + " encoding " +
                     std::to_string(static_cast<int>(encoding)) + " channels " + std::to_string(channels));
        action(format);
      }
    }
  }
}

TEST(Oracle, LibsndfileReadsTheSameSamplesFromWhatWeWrite) {
  const ScratchFolder folder;
  Tags tags;
  tags.fields = {{"TITLE", "Odd"}, {"ARTIST", "Even "}, {"COMMENT", "x"}};
  for_each_format([&](const AudioFormat& format) {
    const Bytes pcm = noise(format);
    write_audio(folder / "x", format, pcm, tags);
    SF_INFO info{};
    const Sndfile file(::sf_open((folder / "x").c_str(), SFM_READ, &info));
    ASSERT_TRUE(file) << ::sf_strerror(nullptr);
    EXPECT_EQ(info.frames, format.frames);
    EXPECT_EQ(info.channels, format.channels);
    EXPECT_EQ(info.samplerate, format.sample_rate_hz);
    EXPECT_EQ(info.format & SF_FORMAT_SUBMASK, sndfile_format(format) & SF_FORMAT_SUBMASK);
    if (is_float(format.encoding)) {
      std::vector<double> got(static_cast<std::size_t>(format.frames * format.channels));
      EXPECT_EQ(::sf_readf_double(file.get(), got.data(), format.frames), format.frames);
      EXPECT_EQ(got, doubles(format, pcm));
    } else {
      std::vector<int> got(static_cast<std::size_t>(format.frames * format.channels));
      EXPECT_EQ(::sf_readf_int(file.get(), got.data(), format.frames), format.frames);
      EXPECT_EQ(got, widened(format, pcm));
    }
    if (format.container == Container::w64) return;
    const char* title = ::sf_get_string(file.get(), SF_STR_TITLE);
    EXPECT_STREQ(title, "Odd");
  });
}

TEST(Oracle, WeReadTheSameSamplesFromWhatLibsndfileWrites) {
  const ScratchFolder folder;
  for_each_format([&](AudioFormat format) {
    // Its AIFF writer counts the pad byte of an odd number of bytes as one more frame.
    if (format.container == Container::aiff && format.encoding == Encoding::pcm_u8) format.frames = 1000;
    const Bytes pcm = noise(format);
    SF_INFO info{};
    info.samplerate = format.sample_rate_hz;
    info.channels = format.channels;
    info.format = sndfile_format(format);
    {
      const Sndfile file(::sf_open((folder / "x").c_str(), SFM_WRITE, &info));
      ASSERT_TRUE(file) << ::sf_strerror(nullptr);
      ::sf_set_string(file.get(), SF_STR_TITLE, "Theirs");
      if (is_float(format.encoding)) {
        ::sf_writef_double(file.get(), doubles(format, pcm).data(), format.frames);
      } else {
        ::sf_writef_int(file.get(), widened(format, pcm).data(), format.frames);
      }
    }
    AudioReader reader(folder / "x");
    EXPECT_EQ(reader.format().encoding, format.encoding);
    EXPECT_EQ(reader.format().frames, format.frames);
    EXPECT_EQ(read_audio(reader), pcm);
    EXPECT_EQ(reader.tags().first("TITLE"), format.container == Container::w64 ? "" : "Theirs");
  });
}

}  // namespace
}  // namespace lathe::testing
