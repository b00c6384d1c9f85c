/**
 * Checks the Dockerfile and the Kubernetes manifests of `examples/service`
 * against the types of Kubernetes' API, against each other and against the
 * program: paths and ports of probes, variables, options, volumes, labels, and
 * the time to end.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { KimiConfig, Settings } from "@kimi-effect/core"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Deployment } from "kubernetes-types/apps/v1.js"
import type { HorizontalPodAutoscaler } from "kubernetes-types/autoscaling/v2.js"
import type { ConfigMap, Secret, Service } from "kubernetes-types/core/v1.js"
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.js"
import { parse, parseAllDocuments } from "yaml"
import { paths } from "../examples/service/src/operations.ts"
import { defaults, variables } from "../examples/service/src/ServiceConfig.ts"

const root = new URL("..", import.meta.url).pathname
const folder = join(root, "examples/service")
const read = (path: string): string => readFileSync(join(folder, path), "utf8")

const problems: Array<string> = []
const expect = (isMet: boolean, problem: string): void => {
  if (!isMet) problems.push(problem)
}

/** The kinds that the manifests may have, and the module of their type. */
const kinds: Readonly<Record<string, string>> = {
  ConfigMap: "core/v1",
  Deployment: "apps/v1",
  HorizontalPodAutoscaler: "autoscaling/v2",
  PodDisruptionBudget: "policy/v1",
  Secret: "core/v1",
  Service: "core/v1"
}

interface Manifest {
  readonly kind: string
  readonly apiVersion: string
}

const files = readdirSync(join(folder, "kubernetes")).filter((file) => file !== "kustomization.yaml")
const manifests = files.flatMap((file) =>
  parseAllDocuments(read(`kubernetes/${file}`)).map((document) => ({ file, manifest: document.toJS() as Manifest }))
)

/** An unknown member, a missing one or one of another type does not compile. */
const typeProblems = (): string => {
  const source = manifests.map(({ manifest }, i) => {
    const { apiVersion, kind } = manifest
    if (kinds[kind]?.replace(/^core\//, "") !== apiVersion)
      return `// unknown: ${apiVersion} ${kind}\nexport const m${i}: never = 0`
    return `import type { ${kind} as T${i} } from "kubernetes-types/${kinds[kind]}.js"\nexport const m${i}: T${i} = ${JSON.stringify(manifest, undefined, 2)}`
  })
  const place = mkdtempSync(join(root, "scripts/.manifests-"))
  try {
    writeFileSync(join(place, "manifests.ts"), source.join("\n"))
    const options = ["--strict", "--noEmit", "--module", "NodeNext", "--ignoreConfig", "--pretty", "false"]
    return spawnSync("tsc", [...options, join(place, "manifests.ts")], { cwd: root, encoding: "utf8" }).stdout
  } finally {
    rmSync(place, { recursive: true })
  }
}

// Typed by the check above, which compiles what is read here.
const find = <A>(kind: string): A => {
  const found = manifests.find(({ manifest }) => manifest.kind === kind)?.manifest
  if (found === undefined) throw new Error(`There is no ${kind}`)
  return found as A
}
const deployment = find<Deployment>("Deployment")
const service = find<Service>("Service")
const config = find<ConfigMap>("ConfigMap")
const secret = find<Secret>("Secret")
const scaler = find<HorizontalPodAutoscaler>("HorizontalPodAutoscaler")
const disruption = find<PodDisruptionBudget>("PodDisruptionBudget")

const pod = deployment.spec?.template.spec
const container = pod?.containers[0]
const environment = new Map((container?.env ?? []).map((variable) => [variable.name, variable]))
const valueOf = (name: string): string | undefined => environment.get(name)?.value

const checkImage = (): void => {
  const dockerfile = read("Dockerfile")
  const command: ReadonlyArray<string> = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? "[]")
  const { scripts } = JSON.parse(read("package.json"))
  expect(command.join(" ") === scripts.start, "Dockerfile: CMD is not the script `start` of package.json")
  expect(
    existsSync(join(folder, command.at(-1) ?? "?")),
    `Dockerfile: CMD runs ${command.at(-1)}, which does not exist`
  )
  expect(container?.command === undefined, "deployment.yaml: `command` replaces that of the image")
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = ""]) =>
    sources.split(" ")
  )
  const included = new Set(read(".dockerignore").split("\n"))
  for (const file of copied) expect(included.has(`!${file}`), `.dockerignore leaves out ${file}, which is copied`)
  const exposed = /^EXPOSE (.*)$/m.exec(dockerfile)?.[1]
  expect(exposed === `${defaults.port} ${defaults.operationsPort}`, `Dockerfile: EXPOSE ${exposed}`)
}

const checkPorts = (): void => {
  const ports = new Map((container?.ports ?? []).map(({ containerPort, name }) => [name, containerPort]))
  expect(ports.get("http") === Number(valueOf(variables.port) ?? defaults.port), "deployment.yaml: the port http")
  const operationsPort = Number(valueOf(variables.operationsPort) ?? defaults.operationsPort)
  expect(ports.get("operations") === operationsPort, "deployment.yaml: the port operations")
  const known: ReadonlySet<string | undefined> = new Set(Object.values(paths))
  for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
    const request = container?.[probe]?.httpGet
    expect(known.has(request?.path), `deployment.yaml: no route is at ${request?.path} of ${probe}`)
    expect(request?.port === "operations", `deployment.yaml: ${probe} is not sent to the port operations`)
  }
  const annotations = deployment.spec?.template.metadata?.annotations ?? {}
  expect(annotations["prometheus.io/port"] === `${operationsPort}`, "deployment.yaml: the port of Prometheus")
  expect(annotations["prometheus.io/path"] === paths.metrics, "deployment.yaml: the path of Prometheus")
  for (const { targetPort } of service.spec?.ports ?? []) {
    expect(targetPort === "http", `service.yaml: ${targetPort} must not be public`)
  }
}

const checkVariables = (): void => {
  const known = new Set<string>([
    ...Object.values(variables),
    ...Object.keys(KimiConfig.options).map((name) => KimiConfig.variableName(name as KimiConfig.Name))
  ])
  for (const name of environment.keys())
    expect(known.has(name), `deployment.yaml: ${name} is no variable of the service`)
  const delay = Duration.fromInput((valueOf(variables.drainDelay) ?? "0 seconds") as Duration.Input)
  const timeout = Duration.fromInput((valueOf(variables.drainTimeout) ?? "20 seconds") as Duration.Input)
  const needed = Option.map(Option.all([delay, timeout]), ([a, b]) => Duration.toSeconds(Duration.sum(a, b)))
  expect(
    Option.exists(needed, (seconds) => (pod?.terminationGracePeriodSeconds ?? 30) > seconds + 1),
    "deployment.yaml: terminationGracePeriodSeconds is not more than the drain delay and timeout"
  )
  for (const { valueFrom } of environment.values()) {
    const key = valueFrom?.secretKeyRef?.key
    expect(key === undefined || key in (secret.stringData ?? {}), `secret.yaml: there is no key ${key}`)
  }
}

/** Every file that the service reads is in a volume, and the volume is of something that exists. */
const checkFiles = (): void => {
  const sources = { config: config.data, secret: secret.stringData }
  for (const [volume, variable] of [
    ["config", variables.configFile],
    ["secret", variables.secretFile]
  ] as const) {
    const mount = container?.volumeMounts?.find(({ name }) => name === volume)
    const [place, file = ""] = valueOf(variable)?.split(/\/(?=[^/]*$)/) ?? []
    expect(mount?.mountPath === place, `deployment.yaml: ${variable} is not in the volume ${volume}`)
    expect(mount?.subPath === undefined, `deployment.yaml: files in ${volume} never change, because it has a subPath`)
    expect(file in (sources[volume] ?? {}), `${volume}.yaml: there is no ${file}`)
  }
}

/** The options are those of the client, and their values are valid. */
const checkOptions = async (): Promise<void> => {
  const document: unknown = JSON.parse(config.data?.["kimi.json"] ?? "{}")
  const provider = ConfigProvider.orElse(
    ConfigProvider.fromDotEnvContents(secret.stringData?.["kimi.env"] ?? ""),
    ConfigProvider.fromUnknown(document)
  )
  const check = Settings.fromConfig().pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, provider),
    Effect.matchEffect({
      onFailure: ({ issues }) =>
        Effect.sync(() => {
          for (const { expected, name } of issues) problems.push(`config.yaml: ${name}: expected ${expected}`)
        }),
      onSuccess: () => Effect.void
    })
  )
  await Effect.runPromise(check)
}

const checkReferences = (): void => {
  const labels = deployment.spec?.template.metadata?.labels ?? {}
  const selectors = {
    "deployment.yaml": deployment.spec?.selector.matchLabels,
    "service.yaml": service.spec?.selector,
    "scaling.yaml": disruption.spec?.selector?.matchLabels
  }
  for (const [file, selector] of Object.entries(selectors)) {
    const isMet = Object.entries(selector ?? { none: "" }).every(([name, value]) => labels[name] === value)
    expect(isMet, `${file}: the selector does not select the pods`)
  }
  const names = new Set(
    [deployment, service, config, secret, scaler.spec?.scaleTargetRef].map((it) => {
      return it !== undefined && "metadata" in it
        ? it.metadata?.name
        : (it as { readonly name?: string } | undefined)?.name
    })
  )
  expect(names.size === 1, `The manifests have several names: ${[...names].join(", ")}`)
  const { resources }: { readonly resources: ReadonlyArray<string> } = parse(read("kubernetes/kustomization.yaml"))
  const expected = files.filter((file) => file !== "secret.yaml").toSorted()
  expect(
    resources.toSorted().join() === expected.join(),
    "kustomization.yaml does not list every manifest but the secret"
  )
}

checkImage()
checkPorts()
checkVariables()
checkFiles()
checkReferences()
await checkOptions()
const compiled = typeProblems()
if (compiled !== "") problems.push(compiled.trim())

process.stdout.write(`  ${manifests.length} manifests in ${files.length} files\n`)
process.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""))
process.exit(problems.length === 0 ? 0 : 1)
