/** What the Dockerfile and the manifests state, for the tests. */
import { readFileSync } from "node:fs"
import { parse } from "yaml"

const folder = new URL("../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, folder), "utf8")

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: { readonly key: string } }
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

interface Container {
  readonly env: ReadonlyArray<Variable>
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
}

const dockerfile = read("Dockerfile")

/** The command of the image. */
export const command: ReadonlyArray<string> = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? "[]")

/** The files and folders that the image has, in addition to its dependencies. */
export const files: ReadonlyArray<string> = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \.\/\S*$/gm)].flatMap(
  ([, sources = ""]) => sources.split(" ")
)

const {
  spec: {
    template: {
      spec: {
        containers: [container]
      }
    }
  }
}: { readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } } } = parse(
  read("kubernetes/deployment.yaml")
)

export const probes: ReadonlyArray<readonly [name: string, path: string]> = (
  ["startupProbe", "livenessProbe", "readinessProbe"] as const
).map((name) => [name, container[name].httpGet.path])

/** The document in the config map. */
export const document: { readonly kimi: object } = JSON.parse(parse(read("kubernetes/config.yaml")).data["kimi.json"])

const secret: Readonly<Record<string, string>> = parse(read("kubernetes/secret.yaml")).stringData

/** The environment of the container, with its volumes in a folder. */
export const environment = (volumes: string): Record<string, string> =>
  Object.fromEntries(
    container.env.map(({ name, value, valueFrom }) => [
      name,
      value?.replace("/etc/chat", volumes) ?? secret[valueFrom?.secretKeyRef.key ?? ""] ?? ""
    ])
  )
