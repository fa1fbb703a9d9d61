import { Controller, Get, InternalServerErrorException, Param } from '@nestjs/common'
import { AppService } from './app.service'

@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}

  @Get()
  getHello(): string {
    return this.appService.getHello()
  }

  @Get('cats/:id')
  getCat(@Param('id') id: string): Promise<{ id: string }> {
    return this.appService.findCat(id)
  }

  @Get('broken')
  getBroken(): never {
    throw new InternalServerErrorException('no cats today')
  }
}
