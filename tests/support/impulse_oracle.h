// What filling a gap and weighing the shapes of a click mean, in dense matrices of double precision and nothing saved.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

// Coefficients a[0..order], a[0] = 1, that solve the normal equations of r, by elimination.
std::vector<double> oracle_ar(const std::vector<double>& r, int order);

// x with [first, first + frames) replaced by what makes the sum of squared prediction errors over
// [first, first + frames + order) least: normal equations of the errors' own matrix.
Signal oracle_fill(const Signal& x, std::int64_t first, std::int64_t frames, const std::vector<double>& a);

// Solves m x = b by elimination with pivots; m has rows of b.size(). b becomes x; returns the logarithm of |det m|.
double oracle_solve(std::vector<double> m, std::vector<double>& b);

// The logarithm of a normal density of mean 0 at x, with covariance rows of x.size().
double oracle_log_density(const std::vector<double>& x, const std::vector<double>& covariance);

// The inverse of the matrix with autocorrelation of a on its diagonals.
std::vector<double> oracle_gap_covariance(const std::vector<double>& a, int length, double variance);

}  // namespace lathe::test
