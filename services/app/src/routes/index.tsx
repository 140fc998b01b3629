import { createFileRoute } from '@tanstack/react-router'
import { StartScreen } from '../screens/start-screen.tsx'

export const Route = createFileRoute('/')({ component: StartScreen })
