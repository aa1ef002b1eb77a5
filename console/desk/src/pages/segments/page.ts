import { define_page } from '@/app/page'

export default define_page({
  name: 'segments',
  title: { zh: '分群', en: 'Segments' },
  permission: 'segments.read',
  nav: { group: 'grow', order: 20, icon: 'segment', keys: 'g s' },
  routes: [
    { path: '/segments', component: () => import('./SegmentsPage.vue') },
    { path: '/segments/new', name: 'segment-new', component: () => import('./SegmentPage.vue'), permission: 'segments.write' },
    { path: '/segments/:id', name: 'segment', component: () => import('./SegmentPage.vue') },
  ],
})
