/**
 * The rules of Moonshot-flavored JSON Schema at the strictest level, written from
 * the documents of MoonshotAI/walle (`mfjs-spec.md`, `mfjs-walle-vs-draft-2020-12.md`,
 * `validation-principles.md`) and from nothing of this library.
 */
type Schema = Readonly<Record<string, unknown>>

const annotations = ["description", "title"]

const keywordsOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  object: ["properties", "required", "additionalProperties", "default"],
  array: ["items", "minItems", "maxItems", "default"],
  string: ["minLength", "maxLength", "enum", "default"],
  number: ["minimum", "maximum", "enum", "default"],
  integer: ["minimum", "maximum", "enum", "default"],
  boolean: ["default"],
  null: ["default"]
}

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The rules that a schema violates, that is sent as parameters of a tool. */
export const violations = (root: Schema): ReadonlyArray<string> => {
  const found: Array<string> = []
  const definitions = isObject(root["$defs"]) ? root["$defs"] : {}

  const checkKeywords = (schema: Schema, allowed: ReadonlyArray<string>, path: string): void => {
    const atRoot = path === "" ? ["$defs", "$id"] : []
    for (const keyword of Object.keys(schema)) {
      if (![...allowed, ...annotations, ...atRoot].includes(keyword)) found.push(`${path}: keyword ${keyword}`)
    }
  }

  const checkEnum = (schema: Schema, path: string): void => {
    const values = schema["enum"]
    if (values === undefined) return
    if (!Array.isArray(values) || values.length === 0 || values.length > 500) return void found.push(`${path}: enum`)
    for (const value of values) {
      const expected = schema["type"] === "string" ? "string" : "number"
      if (typeof value !== expected) found.push(`${path}: enum value of type ${typeof value}`)
      if (schema["type"] === "integer" && !Number.isInteger(value)) found.push(`${path}: enum value is no integer`)
      if (typeof value === "number" && /e/i.test(JSON.stringify(value))) found.push(`${path}: scientific notation`)
    }
  }

  const checkRange = (schema: Schema, low: string, high: string, isCount: boolean, path: string): void => {
    for (const keyword of [low, high]) {
      const bound = schema[keyword]
      if (bound === undefined) continue
      if (typeof bound !== "number") found.push(`${path}: ${keyword} is no number`)
      else if (isCount && (!Number.isInteger(bound) || bound < 0)) found.push(`${path}: ${keyword} is no count`)
      else if (/e/i.test(JSON.stringify(bound))) found.push(`${path}: ${keyword} in scientific notation`)
      else if (schema["type"] === "integer" && !Number.isInteger(bound)) found.push(`${path}: ${keyword} is no integer`)
    }
    if (Number(schema[low]) > Number(schema[high])) found.push(`${path}: ${low} exceeds ${high}`)
  }

  const checkObject = (schema: Schema, path: string, depth: number): void => {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {}
    for (const [name, inner] of Object.entries(properties)) {
      if (["$defs", "$ref", "anyOf", "required", "additionalProperties", ""].includes(name)) {
        found.push(`${path}: property name ${name}`)
      }
      if (path.startsWith("$defs") && name.includes("/")) found.push(`${path}: slash in ${name}`)
      check(inner, `${path}.${name}`, depth + 1)
    }
    const required = schema["required"]
    if (required !== undefined) {
      if (!Array.isArray(required)) found.push(`${path}: required`)
      else {
        if (new Set(required).size !== required.length) found.push(`${path}: required twice`)
        if (required.some((name) => !Object.hasOwn(properties, name)))
          found.push(`${path}: required is not in properties`)
      }
    }
    const rest = schema["additionalProperties"]
    if (rest === undefined || typeof rest === "boolean") return
    if (!isObject(rest)) found.push(`${path}: additionalProperties`)
    else if (Object.keys(rest).length > 0) check(rest, `${path}.*`, depth)
  }

  const checkTyped = (schema: Schema, path: string, depth: number): void => {
    const type = schema["type"]
    const allowed = typeof type === "string" ? keywordsOf[type] : undefined
    if (allowed === undefined) return void found.push(`${path}: type ${JSON.stringify(type)}`)
    checkKeywords(schema, ["type", ...allowed], path)
    checkEnum(schema, path)
    checkRange(schema, "minimum", "maximum", false, path)
    checkRange(schema, "minLength", "maxLength", true, path)
    checkRange(schema, "minItems", "maxItems", true, path)
    if (type === "object") checkObject(schema, path, depth)
    if (type === "array" && schema["items"] !== undefined) check(schema["items"], `${path}[]`, depth)
  }

  const check = (schema: unknown, path: string, depth: number): void => {
    if (!isObject(schema)) return void found.push(`${path}: not a schema`)
    if (depth > 30) return void found.push(`${path}: deeper than 30`)
    if ("description" in schema && typeof schema["description"] !== "string") found.push(`${path}: description`)
    if ("$ref" in schema) {
      checkKeywords(schema, ["$ref"], path)
      const name = /^#\/\$defs\/(.+)$/.exec(String(schema["$ref"]))?.[1]
      const exists = name !== undefined && !name.includes("/") && Object.hasOwn(definitions, name)
      if (schema["$ref"] !== "#" && !exists) found.push(`${path}: reference ${String(schema["$ref"])}`)
    } else if ("anyOf" in schema) {
      checkKeywords(schema, ["anyOf"], path)
      const branches = schema["anyOf"]
      if (!Array.isArray(branches) || branches.length === 0 || branches.length > 100) found.push(`${path}: anyOf`)
      else branches.forEach((branch, index) => check(branch, `${path}|${index}`, depth))
    } else checkTyped(schema, path, depth)
  }

  if (root["type"] !== "object") found.push("the root is no object")
  check(root, "", 0)
  for (const [name, definition] of Object.entries(definitions)) {
    if (name === "" || name.includes("/")) found.push(`$defs: name ${name}`)
    check(definition, `$defs.${name}`, 0)
  }
  return found
}
