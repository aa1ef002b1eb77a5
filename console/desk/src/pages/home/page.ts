import { define_page } from '@/app/page'

export default define_page({
  name: 'home',
  title: { zh: '工作台', en: 'Home' },
  nav: { group: 'work', order: 0, icon: 'home', keys: 'g h' },
  routes: [{ path: '/home', component: () => import('./HomePage.vue') }],
})
