/**
 * The updates of one metric from one place.
 *
 * @since 0.1.0
 */
import type { Series } from "./Series.ts"

/**
 * Updates the series of label values, and remembers the latest: most programs
 * call one model of one host. It is for metrics whose series are never removed.
 *
 * @category models
 * @since 0.1.0
 */
export class Recorder<in Labels extends ReadonlyArray<string | undefined>> {
  readonly #seriesOf: (labels: Labels) => Series
  #latest: { readonly labels: ReadonlyArray<string | undefined>; readonly series: Series } | undefined = undefined

  constructor(seriesOf: (labels: Labels) => Series) {
    this.#seriesOf = seriesOf
  }

  /** Adds to a counter, or records in a histogram. */
  update(value: number, labels: Labels): void {
    let latest = this.#latest
    if (latest !== undefined) {
      for (let i = 0; i < labels.length; i++) if (latest?.labels[i] !== labels[i]) latest = undefined
    }
    latest ??= this.#latest = { labels, series: this.#seriesOf(labels) }
    latest.series.update(value)
  }
}
