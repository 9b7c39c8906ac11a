package app.manyhands.live

import android.app.Activity
import android.content.res.ColorStateList
import android.content.res.Configuration
import android.view.View
import android.widget.LinearLayout
import android.widget.TextView
import app.manyhands.R
import app.manyhands.core.Health
import app.manyhands.look.Words
import app.manyhands.look.iconAtStart
import app.manyhands.look.say
import app.manyhands.look.shown
import app.manyhands.look.view

/** S3: live, for how long, who watches, how well it goes, what it costs. */
class LivePart(
    private val screen: Activity,
    private val words: Words,
) {
    private val resources = screen.resources

    init {
        turned()
    }

    /** Upright: facts above, controls below. Wide: controls in a column at the end edge. */
    fun turned() {
        val wide = resources.configuration.orientation == Configuration.ORIENTATION_LANDSCAPE
        val all = LinearLayout.LayoutParams.MATCH_PARENT
        val own = LinearLayout.LayoutParams.WRAP_CONTENT
        val column = resources.getDimensionPixelSize(R.dimen.column)
        screen.view<LinearLayout>(R.id.controls).orientation =
            if (wide) LinearLayout.HORIZONTAL else LinearLayout.VERTICAL
        screen.view<View>(R.id.facts).layoutParams =
            if (wide) LinearLayout.LayoutParams(0, own, 1f) else LinearLayout.LayoutParams(all, own)
        screen.view<View>(R.id.actions).layoutParams =
            if (wide) LinearLayout.LayoutParams(column, all) else LinearLayout.LayoutParams(all, 0, 1f)
    }

    fun draw(state: LiveState) {
        val live = state.phase == Phase.LIVE
        screen.view<View>(R.id.live_part).shown(live)
        screen.view<View>(R.id.live_facts).shown(live)
        screen.view<View>(R.id.end).shown(live)
        drawBadge(state)
        drawHealth(state.health)
        drawBanner(state)
        screen.view<TextView>(R.id.sent).apply {
            say(resources.sentLine(state, words))
            val metered = state.device.network.metered == true
            iconAtStart(if (metered) R.drawable.ic_mobile else R.drawable.ic_wifi)
        }
        val percent =
            state.device.power.percent
                ?.takeIf { it <= SHOWN_FROM }
        screen.view<TextView>(R.id.battery).say(percent?.let { resources.getString(R.string.battery, it) })
        screen.view<TextView>(R.id.end_text).say(
            resources.getQuantityString(
                R.plurals.people_watching,
                words.quantity(state.viewers),
                words.count(state.viewers),
            ),
        )
        screen.view<View>(R.id.end_text).shown(state.viewers > 0)
    }

    private fun drawBadge(state: LiveState) {
        val live = resources.getString(R.string.live)
        screen.view<TextView>(R.id.badge).apply {
            say(resources.getString(R.string.two_parts, live, words.clock(state.elapsedS)))
            contentDescription = resources.getString(R.string.listed, live, words.spoken(state.elapsedS))
        }
        screen.view<TextView>(R.id.viewers).say(words.watching(state.viewers))
        screen.view<TextView>(R.id.muted).apply {
            shown(state.microphone != Microphone.ON)
            val on = if (state.microphone == Microphone.ON) R.string.microphone_on else R.string.muted
            contentDescription = resources.getString(on)
        }
    }

    private fun drawHealth(report: Health?) {
        val chip = screen.view<TextView>(R.id.health)
        chip.say(report?.let { resources.getString(mark(it.level).word) })
        if (report == null) return
        val mark = mark(report.level)
        val color = screen.getColor(mark.color)
        chip.iconAtStart(mark.icon)
        chip.compoundDrawableTintList = ColorStateList.valueOf(color)
        chip.setTextColor(color)
        chip.contentDescription = resources.spoken(report)
    }

    private fun drawBanner(state: LiveState) {
        val notice = notice(state)
        screen.view<View>(R.id.banner).shown(notice != null)
        val said = notice?.let { resources.said(it, state, words) } ?: return
        screen.view<TextView>(R.id.banner_title).say(said.title)
        screen.view<TextView>(R.id.banner_text).say(said.text)
        screen.view<TextView>(R.id.banner_action).say(action(notice)?.let(resources::getString))
    }

    private fun action(notice: Notice): Int? =
        when (notice) {
            Notice.TOO_HOT -> R.string.end
            Notice.MOBILE_DATA -> R.string.keep_going
            Notice.CAMERA_TAKEN, Notice.CAMERA_GAVE_UP -> R.string.use_camera_again
            else -> null
        }

    private companion object {
        /** Per cent from which on the battery is shown. */
        const val SHOWN_FROM = 30
    }
}

/** S5: it has ended, and what it was. */
class EndedPart(
    private val screen: Activity,
    private val words: Words,
) {
    private val resources = screen.resources

    fun draw(state: LiveState) {
        screen.view<View>(R.id.ended_part).shown(state.phase == Phase.ENDED)
        if (state.phase != Phase.ENDED) return
        screen.view<TextView>(R.id.ended_title).say(
            resources.getString(R.string.listed, state.title, words.length(state.elapsedS)),
        )
        screen.view<TextView>(R.id.ended_viewers).say(
            if (state.mostViewers == 0L) {
                resources.getString(R.string.nobody_watched)
            } else {
                resources.getString(R.string.watching_at_most, words.count(state.mostViewers))
            },
        )
        screen.view<TextView>(R.id.ended_good).say(resources.goodLine(state))
        screen.view<TextView>(R.id.ended_sent).say(resources.getString(R.string.sent, words.size(state.sentBytes)))
    }
}
