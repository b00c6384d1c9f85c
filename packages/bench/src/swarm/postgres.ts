/** The database of measurements: by default the one that `ops/compose.yaml` starts. They leave their runs in the schema `kimi_bench`. */
export const url = process.env["KIMI_BENCH_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/kimi"

export const schema = "kimi_bench"
