import '@trace/core'
import '@trace/http/fastify'
import '@trace/yamlrec'
