import { Injectable } from '@nestjs/common'
import { span } from '@trace/core'

@Injectable()
export class AppService {
  getHello(): string {
    return 'Hello World!'
  }

  findCat(id: string): Promise<{ id: string }> {
    return span('db', 'find cat', async () => ({ id }))
  }
}
