/**
 * Measures a scenario briefly and compares its ratios with the committed ones
 * of `packages/bench/ratios.json`. Ratios of processes whose rounds are
 * interleaved depend little on the machine, unlike times.
 *
 * Fails when a ratio is worse than the committed one by more than a half, which
 * is more than the spread on a loaded machine.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import type { Figure } from "./harness/Figure.ts"

type Ratios = Readonly<Record<string, number>>

const path = new URL("../ratios.json", import.meta.url)
const allowed = 1.5

/** Only our own: the ratios of peers to each other are not ours to keep. */
const ratiosOf = (figures: ReadonlyArray<Figure>): ReadonlyArray<Figure> =>
  figures.filter(({ name, unit }) => unit === "x" && name.includes("kimi-effect"))

const worsening = ({ isHigherBetter, value }: Figure, committed: number): number =>
  isHigherBetter === true ? committed / value : value / committed

/** Compares, or with `isUpdate` writes, the ratios. Returns whether none is clearly worse. */
export const compare = (figures: ReadonlyArray<Figure>, isUpdate: boolean): boolean => {
  const ratios = ratiosOf(figures)
  if (isUpdate) {
    const text = Object.fromEntries(ratios.map(({ name, value }) => [name, Number(value.toPrecision(3))]))
    writeFileSync(path, `${JSON.stringify(text, undefined, 2)}\n`)
    return true
  }
  const committed: Ratios = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {}
  const missing = Object.keys(committed).filter((name) => !ratios.some((ratio) => ratio.name === name))
  process.stdout.write(missing.map((name) => `MISSING  ${name}\n`).join(""))
  let isGood = missing.length === 0 && ratios.length > 0
  for (const ratio of ratios) {
    const before = committed[ratio.name]
    const isWorse = before === undefined || !(worsening(ratio, before) <= allowed)
    isGood &&= !isWorse
    const verdict = isWorse ? "WORSE  " : "ok     "
    process.stdout.write(`${verdict}  ${ratio.name}: ${ratio.value.toPrecision(3)}, committed ${before ?? "none"}\n`)
  }
  return isGood
}
