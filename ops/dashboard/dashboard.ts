/** The Grafana dashboard. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh
} from "@grafana/grafana-foundation-sdk/dashboard"
import { rows } from "./rows.ts"
import { anyMetric } from "./series.ts"

const datasource = { type: "prometheus", uid: "${datasource}" }

const queryVariable = (name: string, label: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(`label_values(${anyMetric}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(".*")

/** Builds the dashboard. */
export const build = (): Dashboard => {
  const builder = new DashboardBuilder("Kimi")
    .uid("kimi-effect")
    .description("Calls to Kimi, their stages, and what they cost")
    .tags(["kimi", "gen-ai"])
    .time({ from: "now-1h", to: "now" })
    .refresh("10s")
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .withVariable(queryVariable("job", "Job"))
    .withVariable(queryVariable("instance", "Instance"))
  for (const { panels, title } of rows) {
    builder.withRow(new RowBuilder(title))
    for (const panel of panels) builder.withPanel(panel)
  }
  const dashboard = builder.build()
  for (const [index, panel] of (dashboard.panels ?? []).entries()) {
    Object.assign(panel, { id: index + 1 }, "targets" in panel ? { datasource } : {})
  }
  return dashboard
}
