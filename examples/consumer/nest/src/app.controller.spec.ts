import { Test, type TestingModule } from '@nestjs/testing'
import { currentSpan } from '@trace/core'
import { AppController } from './app.controller'
import { AppService } from './app.service'

describe('AppController', () => {
  let appController: AppController

  beforeEach(async () => {
    const app: TestingModule = await Test.createTestingModule({
      controllers: [AppController],
      providers: [AppService],
    }).compile()

    appController = app.get<AppController>(AppController)
  })

  describe('root', () => {
    it('should return "Hello World!"', () => {
      expect(appController.getHello()).toBe('Hello World!')
    })
  })

  it('traces nothing outside a request', async () => {
    expect(await appController.getCat('7')).toEqual({ id: '7' })
    expect(currentSpan()).toBeUndefined()
  })
})
