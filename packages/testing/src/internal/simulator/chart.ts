/** Charts over the simulated time, as SVG, with the periods of faults shaded. */
import type { FaultPeriod } from "../../simulator/Report.ts"
import { faultNames, formatTime, formatNumber } from "./format.ts"

/** One value for each equal part of the time. */
export interface Series {
  readonly name: string
  /** CSS class: `a` and `b` are two kinds, `bad` is failure. */
  readonly color: "a" | "b" | "bad"
  /** A part without a value is a gap in a line. */
  readonly values: ReadonlyArray<number | undefined>
}

/** A period that is drawn as a bar. */
export interface TimelineBar {
  readonly label: string
  readonly from: number
  readonly to: number
}

export interface Frame {
  readonly id: string
  readonly title: string
  readonly duration: number
  readonly faults: ReadonlyArray<FaultPeriod>
}

const width = 960
const height = 170
const left = 64
const right = width - 12
const top = 10
const bottom = height - 26

/** Escapes the text of an attribute or element. */
export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

const coordinate = (value: number): string => value.toFixed(1)

const scaleX = (at: number, duration: number): number => left + ((right - left) * Math.min(at, duration)) / duration

const rect = (x1: number, x2: number, y1: number, y2: number, className: string, title: string): string =>
  `<rect class="${className}" x="${coordinate(x1)}" y="${coordinate(y1)}" width="${coordinate(Math.max(0.5, x2 - x1))}"` +
  ` height="${coordinate(Math.max(0, y2 - y1))}"><title>${escapeHtml(title)}</title></rect>`

const label = (x: number, y: number, anchor: "start" | "middle" | "end", text: string): string =>
  `<text x="${coordinate(x)}" y="${coordinate(y)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`

/** Rounds up to 1, 2, 2.5, 5, 10, 20, … */
const roundUp = (value: number): number => {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 2.5, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) ?? 10
  return Number((factor * power).toPrecision(3))
}

const faultShading = ({ duration, faults }: Frame): string =>
  faults
    .filter(({ from }) => from < duration)
    .map(({ from, kind, to }) => {
      const title = `${faultNames[kind]}, ${formatTime(from)} to ${formatTime(to)}`
      return rect(scaleX(from, duration), scaleX(to, duration), top, bottom, `fault ${kind}`, title)
    })
    .join("")

/** Minutes between two ticks of the time axis. The first step with at most nine ticks is used. */
const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1_440]

const timeAxis = ({ duration }: Frame): string => {
  const minutes = duration / 60_000
  const step = tickSteps.find((step) => minutes / step <= 9) ?? Math.ceil(minutes / 9)
  return Array.from({ length: Math.floor(minutes / step) + 1 }, (_, index) => {
    const at = index * step * 60_000
    return label(
      scaleX(at, duration),
      height - 8,
      index === 0 ? "start" : at === duration ? "end" : "middle",
      formatTime(at)
    )
  }).join("")
}

const valueAxis = (maximum: number): string =>
  [0, 0.5, 1]
    .map((share) => {
      const y = coordinate(bottom - (bottom - top) * share)
      const text = formatNumber(Number((maximum * share).toPrecision(3)))
      return `<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/>${label(left - 8, Number(y) + 4, "end", text)}`
    })
    .join("")

const figure = (frame: Frame, legend: string, drawing: string): string =>
  `<figure><figcaption id="${frame.id}">${escapeHtml(frame.title)}${legend}</figcaption>` +
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${frame.id}">${drawing}</svg></figure>`

const legendOf = (series: ReadonlyArray<Series>): string =>
  series.length < 2
    ? ""
    : series.map(({ color, name }) => ` <span class="key"><i class="${color}"></i>${escapeHtml(name)}</span>`).join("")

/** Labels an empty chart, so that it does not look broken. */
const emptyLabel = (drawing: ReadonlyArray<string>): string =>
  drawing.length > 0 ? "" : label((left + right) / 2, (top + bottom) / 2, "middle", "none")

/** Stacked bars. */
export const bars = (frame: Frame, series: ReadonlyArray<Series>): string => {
  const { duration } = frame
  const parts = series[0]?.values.length ?? 0
  const sums = Array.from({ length: parts }, (_, index) =>
    series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0)
  )
  const maximum = roundUp(Math.max(...sums))
  const drawing: Array<string> = []
  for (let index = 0; index < parts; index += 1) {
    const from = (duration * index) / parts
    let under = 0
    for (const { color, name, values } of series) {
      const value = values[index] ?? 0
      if (value === 0) continue
      const y = (sum: number): number => bottom - ((bottom - top) * sum) / maximum
      const title = `${formatTime(Math.round(from))} ${name}: ${formatNumber(value)}`
      const x2 = scaleX((duration * (index + 1)) / parts, duration) - 1
      drawing.push(rect(scaleX(from, duration), x2, y(under + value), y(under), color, title))
      under += value
    }
  }
  return figure(
    frame,
    legendOf(series),
    valueAxis(maximum) + faultShading(frame) + drawing.join("") + emptyLabel(drawing) + timeAxis(frame)
  )
}

/** The points of each segment of a line without gaps. */
const segments = (values: Series["values"], place: (value: number, index: number) => string) => {
  const all: Array<Array<string>> = [[]]
  for (const [index, value] of values.entries()) {
    if (value === undefined) all.push([])
    else all.at(-1)?.push(place(value, index))
  }
  return all.filter((points) => points.length > 0)
}

/** Lines through the midpoints of the parts. */
export const lines = (frame: Frame, series: ReadonlyArray<Series>): string => {
  const { duration } = frame
  const maximum = roundUp(Math.max(0, ...series.flatMap(({ values }) => values.filter((value) => value !== undefined))))
  const drawing = series.flatMap(({ color, name, values }) => {
    const place = (value: number, index: number): string =>
      `${coordinate(scaleX((duration * (index + 0.5)) / values.length, duration))},${coordinate(bottom - ((bottom - top) * value) / maximum)}`
    return segments(values, place).map(
      (points) =>
        `<polyline class="${color}" points="${points.join(" ")}"><title>${escapeHtml(name)}</title></polyline>`
    )
  })
  return figure(frame, legendOf(series), valueAxis(maximum) + faultShading(frame) + drawing.join("") + timeAxis(frame))
}

/** Periods, one row per label. */
export const timeline = (frame: Frame, all: ReadonlyArray<TimelineBar>): string => {
  const labels = [...new Set(all.map(({ label }) => label))].toSorted()
  const rowHeight = (bottom - top) / Math.max(1, labels.length)
  const drawing = all.map((bar) => {
    const y = top + rowHeight * labels.indexOf(bar.label)
    const title = `${bar.label}: ${formatTime(bar.from)} to ${formatTime(bar.to)}`
    const [x1, x2] = [scaleX(bar.from, frame.duration), scaleX(bar.to, frame.duration)]
    return rect(x1, x2, y + rowHeight * 0.35, y + rowHeight * 0.85, "bad", title)
  })
  const names = labels.map((name, index) => label(left + 4, top + rowHeight * index + 12, "start", name))
  const axis = `<line class="grid" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`
  return figure(
    frame,
    "",
    axis + faultShading(frame) + drawing.join("") + names.join("") + emptyLabel(drawing) + timeAxis(frame)
  )
}
