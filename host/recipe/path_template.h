// The fields an output's path may hold: "{album}/{track:02} {title}.{ext}".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// In braces, without what follows a colon, in the order they stand. A brace that is not closed is plain text.
std::vector<std::string> fields_in_path(std::string_view path);

// {role} and {mix} are of outputs of stems alone, where {stem} is the stem's name.
const std::vector<std::string>& known_path_fields();

// The same text for all templates that name the same file: without "./" and doubled slashes, with `ext` for {ext}
// unless that is empty.
std::string plain_path(std::string_view path, std::string_view ext);

// Whether it ends with {ext} or as audio files do.
bool has_extension(std::string_view path);

// Whether the field of an output of stems may differ from mix to mix.
bool tells_mixes_apart(std::string_view field);

// Whether the field differs from track to track.
bool tells_tracks_apart(std::string_view field);

}  // namespace lathe
