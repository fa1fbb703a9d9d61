import type express from 'express'
import type { FastifyPluginAsync } from 'fastify'

/**
 * The names of the spans for the routes of {@link addExpressRoutes}.
 *
 * @param wildcard as this release of Express writes it
 * @param several how it calls a route of the paths `/one/:a` and `/two/:b`
 */
export function expressNames(wildcard: string, several: string): Readonly<Record<string, string>> {
  return {
    '/own?a=1': 'GET /own',
    '/throw': 'GET /throw',
    '/any/42': 'GET',
    '/none/42': 'GET',
    '/plain': 'GET /plain',
    '/plain/42?x=/y': 'GET /plain/:id',
    '/plain/plain': 'GET /plain/:id',
    '/plain/broken': 'GET /plain/broken',
    '/plain/42/late': 'GET /plain/:id/late',
    '/tenants/acme/users/42': 'GET /tenants/:tenant/users/:id',
    '/tenants/tenants/users/42': 'GET /tenants/:tenant/users/:id',
    '/tenants/a%20b%2Fc/users/42/late': 'GET /tenants/:tenant/users/:id/late',
    '/tenants/7/7/x/users/7': 'GET /tenants/:tenant/:kind/x/users/:id',
    '/tenants/acme/users/': 'GET /tenants/:tenant/users',
    '/tenants/acme/none/42': 'GET',
    '/files/report.txt/42': 'GET /files/:name.txt/:id',
    '/sub/9/in/42': 'GET /sub/:at/in/:id',
    '/assets/12/a.js': 'GET /assets/:version',
    '/assets/12/none': 'GET',
    '/one/42': `GET ${several}`,
    '/regexp/42': 'GET /^\\/regexp\\/(\\d+)$/',
    '/wild/a/b': `GET /wild/${wildcard}`,
  }
}

/** Adds routes of every kind that Express has. @param wildcard as this release of Express writes it */
export function addExpressRoutes(app: express.Express, create: typeof express, wildcard: string): void {
  const users = create.Router({ mergeParams: true })
  users.use((_req, _res, next) => next())
  users.get('/', (_req, res) => void res.send('fine'))
  users.get('/broken', () => {
    throw new Error('broken')
  })
  users.get('/:id', (_req, res) => void res.send('fine'))
  users.get('/:id/late', (_req, _res, next) => setTimeout(() => next(new Error('late')), 5))
  const tenants = create.Router()
  tenants.use('/users', users)
  tenants.use('/:kind/x/users', users)
  app.use('/plain', users)
  app.use('/tenants/:tenant', tenants)
  app.use('/files/:name.txt', users)
  const sub = create()
  sub.get('/in/:id', (_req, res) => void res.send('fine'))
  app.use('/sub/:at', sub)
  app.use('/assets/:version', (req, res, next) => (req.url === '/a.js' ? void res.send('fine') : next()))
  app.get(['/one/:a', '/two/:b'], (_req, res) => void res.send('fine'))
  app.get(/^\/regexp\/(\d+)$/, (_req, res) => void res.send('fine'))
  app.get(`/wild/${wildcard}`, (_req, res) => void res.send('fine'))
}

/** The names of the spans for the routes of {@link fastifyRoutes}. */
export const fastifyNames: Readonly<Record<string, string>> = {
  '/own?a=1': 'GET /own',
  '/throw': 'GET /throw',
  '/any/42': 'GET /any/*',
  '/none/42': 'GET',
  '/tenants/a/users/1?x': 'GET /tenants/:tenant/users/:id',
  '/tenants/a/files/b/c': 'GET /tenants/:tenant/files/*',
  '/tenants/a/none/1': 'GET',
}

export const fastifyRoutes: FastifyPluginAsync = named('routes', async (app) => {
  const tenants: FastifyPluginAsync = async (tenant) => {
    tenant.get('/users/:id', async () => 'fine')
    tenant.get('/files/*', async () => 'fine')
    tenant.setNotFoundHandler((_request, reply) => void reply.code(404).send('not here'))
  }
  app.register(named('tenants', tenants), { prefix: '/tenants/:tenant' })
})

/** For a plugin without this name, Fastify searches all modules that are loaded, at each start. */
function named(name: string, plugin: FastifyPluginAsync): FastifyPluginAsync {
  return Object.assign(plugin, { [Symbol.for('fastify.display-name')]: name })
}
