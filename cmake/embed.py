"""Run by pomona_embed: embed.py OUTPUT FUNCTION FILE... writes a C++ source that holds the files."""

import pathlib
import sys

LONGEST = 8000  # of one string literal: compilers need not take longer ones


def literal(text):
    """Adjacent raw strings, broken between lines only."""
    pieces, piece = [], ""
    for line in text.splitlines(keepends=True):
        if len((piece + line).encode()) > LONGEST:
            pieces.append(piece)
            piece = ""
        piece += line
    return " ".join(f'R"embedded({one})embedded"' for one in [*pieces, piece])


def main():
    output, function, *files = sys.argv[1:]
    rows = ",\n".join(f'    text{{"{pathlib.Path(name).stem}", {literal(pathlib.Path(name).read_text(encoding="utf-8"))}}}'
                      for name in files)
    pathlib.Path(output).write_text(
        "// Made by cmake/embed.py.\n#include \"pomona/foundation/embedded.hpp\"\n\n#include <array>\n\n"
        "namespace pomona::embedded {\nnamespace {\n"
        f"constexpr std::array<text, {len(files)}> all{{{{\n{rows}}}}};\n}} // namespace\n\n"
        f"std::span<const text> {function}() {{\n    return all;\n}}\n\n}} // namespace pomona::embedded\n",
        encoding="utf-8")


main()
