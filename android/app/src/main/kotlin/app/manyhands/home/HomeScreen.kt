package app.manyhands.home

import android.Manifest
import android.content.Intent
import android.os.Bundle
import android.widget.Switch
import android.widget.TextView
import app.manyhands.R
import app.manyhands.app.app
import app.manyhands.app.may
import app.manyhands.ask.AskScreen
import app.manyhands.invite.InviteScreen
import app.manyhands.lend.LendScreen
import app.manyhands.lend.LendState
import app.manyhands.lend.amount
import app.manyhands.lend.reason
import app.manyhands.lend.switched
import app.manyhands.live.LiveScreen
import app.manyhands.look.Screen
import app.manyhands.look.onTap
import app.manyhands.look.say
import app.manyhands.look.shown
import app.manyhands.look.view
import app.manyhands.open.OpenScreen
import kotlinx.coroutines.flow.combine

/** S1: the way to everything. */
class HomeScreen : Screen() {
    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        if (!app.settings.agreed) {
            startActivity(Intent(this, WelcomeScreen::class.java))
            finish()
            return
        }
        setContentView(R.layout.home)
        clearOfBars(view(R.id.content))
        view<TextView>(R.id.go_live).onTap(::goLive)
        view<TextView>(R.id.watch).onTap { go(OpenScreen::class.java) }
        view<TextView>(R.id.my_link).onTap { go(InviteScreen::class.java) }
        view<TextView>(R.id.lend_row).onTap { go(LendScreen::class.java) }
        view<TextView>(R.id.live_bar).onTap { go(LiveScreen::class.java) }
        view<TextView>(R.id.interrupted_again).onTap(::goLive)
        view<TextView>(R.id.interrupted_dismiss).onTap {
            app.channel.ended()
            draw(now())
        }
        view<Switch>(R.id.lend_switch).setOnClickListener {
            app.watch.lending(app.settings.lending.switched((it as Switch).isChecked))
        }
        show(combine(app.live.state, app.watch.state) { _, _ -> now() }, ::draw)
    }

    override fun onResume() {
        super.onResume()
        if (app.settings.agreed) {
            app.watch.refresh()
            draw(now())
        }
    }

    private fun now() = homeState(app.live.state.value, app.channel.interruptedMs, app.watch.state.value.lend)

    /** The camera is asked for before it is first needed, never before. */
    private fun goLive() {
        val allowed = may(Manifest.permission.CAMERA) && may(Manifest.permission.RECORD_AUDIO)
        if (allowed) go(LiveScreen::class.java) else startActivity(AskScreen.forCamera(this))
    }

    private fun go(screen: Class<*>) = startActivity(Intent(this, screen))

    private fun draw(state: HomeState) {
        val live = state.liveViewers?.let { getString(R.string.you_are_live_with, words.watching(it)) }
        view<TextView>(R.id.live_bar).say(live?.let { "$it. ${getString(R.string.open)}" })
        val cutOff = state.interruptedMs
        view<TextView>(R.id.interrupted).shown(cutOff != null)
        view<android.view.View>(R.id.interrupted_card).shown(cutOff != null)
        view<TextView>(R.id.interrupted_text).say(
            cutOff?.let { getString(R.string.interrupted_text, words.time(it)) },
        )
        drawLending(state.lend)
    }

    private fun drawLending(lend: LendState) {
        val today = resources.amount(lend.today, null, words)?.let { getString(R.string.today_amount, it) }
        val said = listOfNotNull(resources.reason(lend, words), today).joinToString("\n")
        view<TextView>(R.id.lend_row).text = getString(R.string.lend_a_hand) + "\n" + said
        view<Switch>(R.id.lend_switch).apply {
            isChecked = lend.on
            contentDescription = getString(R.string.lend_a_hand)
        }
    }
}
