/** A row of the dashboard. */
import type { Builder } from "@grafana/grafana-foundation-sdk/cog"
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard"

export interface Row {
  readonly title: string
  readonly panels: ReadonlyArray<Builder<Panel>>
}
