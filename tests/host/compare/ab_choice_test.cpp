// Which excerpts are chosen: the loudest, then where master and input differ most, none over another.
#include "host/compare/ab_choice.h"

#include <gtest/gtest.h>

namespace lathe::test {
namespace {

AbSurvey survey_of(std::size_t hops) {
  AbSurvey survey;
  survey.after.assign(hops, 1.0);
  survey.difference.assign(hops, 0.01);
  return survey;
}

void raise(std::vector<double>& energies, std::size_t first, std::size_t count, double to) {
  for (std::size_t i = first; i < first + count; ++i) energies[i] = to;
}

TEST(AbChoice, TheLoudestComesFirstThenTheMostDifferent) {
  AbSurvey survey = survey_of(1000);
  raise(survey.after, 300, 100, 5);
  raise(survey.difference, 700, 100, 2);
  raise(survey.difference, 500, 100, 1);
  const std::vector<AbPlace> places = choose(survey, 100, 3);
  ASSERT_EQ(places.size(), 3U);
  EXPECT_EQ(places[0].first_hop, 300);
  EXPECT_TRUE(places[0].is_loudest);
  EXPECT_EQ(places[1].first_hop, 700);
  EXPECT_FALSE(places[1].is_loudest);
  EXPECT_EQ(places[2].first_hop, 500);
}

TEST(AbChoice, NoPlaceLiesOverAnother) {
  AbSurvey survey = survey_of(1000);
  raise(survey.after, 300, 100, 5);
  raise(survey.difference, 310, 100, 2);
  const std::vector<AbPlace> places = choose(survey, 100, 20);
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) EXPECT_GE(std::abs(places[i].first_hop - places[k].first_hop), 100);
    EXPECT_GE(places[i].first_hop, 0);
    EXPECT_LE(places[i].first_hop, 900);
  }
  EXPECT_GT(places.size(), 5U);
  EXPECT_LE(places.size(), 10U);
}

TEST(AbChoice, WhereNothingDiffersTheLoudestIsAll) {
  AbSurvey survey = survey_of(1000);
  survey.difference.assign(1000, 0.0);
  EXPECT_EQ(choose(survey, 100, 3).size(), 1U);
}

TEST(AbChoice, AShortTrackIsOneExcerpt) {
  EXPECT_EQ(choose(survey_of(100), 100, 3).size(), 1U);
  EXPECT_EQ(choose(survey_of(0), 100, 3).at(0).first_hop, 0);
}

TEST(AbChoice, SilenceHasAPlaceAllTheSame) {
  AbSurvey survey;
  survey.after.assign(1000, 0.0);
  survey.difference.assign(1000, 0.0);
  EXPECT_EQ(choose(survey, 100, 3).size(), 1U);
}

}  // namespace
}  // namespace lathe::test
