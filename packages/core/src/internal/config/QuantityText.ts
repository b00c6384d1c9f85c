/**
 * The text of durations and sizes in sources: how it is read and written.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/**
 * A finite duration over zero, such as `30 seconds`.
 *
 * @category codecs
 * @since 0.1.0
 */
export const durationCodec = Schema.DurationFromString.check(
  Schema.makeFilter((value) => Duration.isFinite(value) && Duration.toMillis(value) > 0)
)

const durationUnits = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000]
] as const

/**
 * A duration in the largest unit of which it is a whole number, as `durationCodec` reads it.
 *
 * @category conversions
 * @since 0.1.0
 */
export const formatDuration = (value: Duration.Duration): string => {
  const millis = Duration.toMillis(value)
  const [unit, size] = durationUnits.find(([, size]) => millis % size === 0) ?? ["milli", 1]
  return `${millis / size} ${unit}${millis === size ? "" : "s"}`
}

const byteUnits = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/**
 * A number of bytes in the largest unit of which it is a whole number, as `expandUnit` reads it.
 *
 * @category conversions
 * @since 0.1.0
 */
export const formatBytes = (value: number): string => {
  const unit = (["GiB", "MiB", "KiB"] as const).find((name) => value % byteUnits[name] === 0)
  return unit === undefined ? `${value}` : `${value / byteUnits[unit]} ${unit}`
}

/**
 * `32 MiB` as a number of bytes; any other text as it is.
 *
 * @category conversions
 * @since 0.1.0
 */
export const expandUnit = (text: string): string => {
  const [, amount, unit] = /^(\d{1,9}) ?(KiB|MiB|GiB)$/.exec(text) ?? []
  return unit === undefined ? text : `${Number(amount) * byteUnits[unit as keyof typeof byteUnits]}`
}
