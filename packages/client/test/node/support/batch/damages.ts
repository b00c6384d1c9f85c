/** Ways in which an output is damaged, and what is lost then. */
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { gunzipSync, gzipSync } from "node:zlib"
import { flip, split } from "./damaged.ts"

export const rows = ["a", "fail", "c", "d", "e", "f"]

export const textOf = (output: string): string =>
  (output.endsWith(".gz") ? gunzipSync(readFileSync(output)) : readFileSync(output)).toString()

const changeLines = (output: string, change: (lines: Array<string>) => ReadonlyArray<string>): void =>
  writeFileSync(output, change(readFileSync(output, "utf8").split("\n")).join("\n"))

interface Damage {
  readonly name: string
  readonly output: "out.jsonl" | "out.jsonl.gz"
  /** Of an output of three members with two rows each, or of lines. */
  readonly damage: (output: string) => void
  /** The lines of the input that are lost. */
  readonly lost: ReadonlyArray<number>
  readonly places: number
}

const compressed = (
  name: string,
  damage: (output: string, starts: ReadonlyArray<number>) => void,
  lost: ReadonlyArray<number>,
  places: number
): Damage => ({
  name: `a compressed output with ${name}`,
  output: "out.jsonl.gz",
  damage: (output) => damage(output, split(output, 2)),
  lost,
  places
})

const plain = (name: string, damage: Damage["damage"], lost: ReadonlyArray<number>, places: number): Damage => ({
  name: `an output with ${name}`,
  output: "out.jsonl",
  damage,
  lost,
  places
})

export const inMiddle = (output: string, [, start = 0, end = 0]: ReadonlyArray<number>): void =>
  flip(output, Math.round((start + end) / 2))

export const damages: ReadonlyArray<Damage> = [
  compressed("a flipped byte in the middle", inMiddle, [3, 4], 1),
  compressed("a flipped byte in the start of a member", (output, [, start = 0]) => flip(output, start + 1), [], 0),
  compressed("a flipped byte in the length of a member", (output, [, start = 0]) => flip(output, start + 18), [], 0),
  compressed("a flipped byte in the first member", (output) => flip(output, 40), [1, 2], 1),
  compressed("a flipped byte at the end", (output, starts) => flip(output, (starts.at(-1) ?? 0) - 6), [5, 6], 1),
  compressed("a cut end", (output, starts) => truncateSync(output, (starts.at(-1) ?? 0) - 30), [5, 6], 1),
  compressed(
    "an end without its last bytes",
    (output, starts) => truncateSync(output, (starts.at(-1) ?? 0) - 5),
    [],
    1
  ),
  compressed(
    "two damaged members",
    (output, starts) => {
      inMiddle(output, starts)
      inMiddle(output, [0, ...starts])
    },
    [1, 2, 3, 4],
    2
  ),
  compressed(
    "lines that are not compressed yet",
    (output, starts) => {
      const lines = textOf(output).split("\n").slice(4).join("\n")
      truncateSync(output, starts[2])
      writeFileSync(`${output}.pending`, lines)
      inMiddle(output, starts)
    },
    [3, 4],
    1
  ),
  compressed(
    "a torn line that is not compressed yet",
    (output, starts) => {
      const lines = textOf(output).split("\n").slice(4).join("\n")
      truncateSync(output, starts[2])
      writeFileSync(`${output}.pending`, lines.slice(0, -10))
    },
    [6],
    1
  ),
  compressed(
    "lines that another program has compressed",
    (output) => writeFileSync(output, gzipSync(textOf(output))),
    [],
    0
  ),
  compressed(
    "an end that was cut, of lines that another program has compressed",
    (output) => {
      writeFileSync(output, gzipSync(textOf(output), { level: 0 }))
      truncateSync(output, statSync(output).size - 20)
    },
    [6],
    1
  ),
  compressed("nothing damaged", () => {}, [], 0),
  plain(
    "a torn line",
    (output) => changeLines(output, ([a, b = "", ...c]) => [a ?? "", b.slice(0, -20), ...c]),
    [2],
    1
  ),
  plain(
    "a line that was cut with its line end",
    (output) => changeLines(output, ([a, b = "", c, ...d]) => [a ?? "", b.slice(0, -20) + (c ?? ""), ...d]),
    [2],
    1
  ),
  plain("lines that are joined", (output) => changeLines(output, ([a = "", b = "", ...c]) => [a + b, ...c]), [], 0),
  plain(
    "other bytes in place of a line end",
    (output) => changeLines(output, ([a = "", b = "", ...c]) => [`${a}{ "x${b}`, ...c]),
    [],
    1
  ),
  plain("other line ends", (output) => writeFileSync(output, textOf(output).replaceAll("\n", "\r")), [], 1),
  plain("a cut end", (output) => truncateSync(output, statSync(output).size - 5), [6], 1),
  plain("a cut line end", (output) => truncateSync(output, statSync(output).size - 1), [], 0),
  plain("a hole", (output) => changeLines(output, ([a = "", ...b]) => ["\0".repeat(a.length), ...b]), [1], 1),
  plain("a row twice", (output) => changeLines(output, ([a = "", ...b]) => [a, a, ...b]), [], 0),
  plain("nothing damaged", () => {}, [], 0)
]
