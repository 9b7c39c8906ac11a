package app.manyhands.watch

import android.app.Activity
import android.content.res.Configuration
import android.view.View
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.Switch
import android.widget.TextView
import app.manyhands.R
import app.manyhands.lend.LendState
import app.manyhands.lend.amount
import app.manyhands.lend.reason
import app.manyhands.look.PictureView
import app.manyhands.look.Words
import app.manyhands.look.icon
import app.manyhands.look.say
import app.manyhands.look.shown
import app.manyhands.look.view

/** Draws S6, S7 and the card of S8. */
class WatchPart(
    private val screen: Activity,
    private val words: Words,
) {
    private val resources = screen.resources

    /** Without a picture its words need more of the room. */
    private var talks = false

    init {
        turned()
    }

    /** Upright: picture above, facts below. Wide: side by side. */
    fun turned() {
        val wide = resources.configuration.orientation == Configuration.ORIENTATION_LANDSCAPE
        val content = screen.view<LinearLayout>(R.id.content)
        content.orientation = if (wide) LinearLayout.HORIZONTAL else LinearLayout.VERTICAL
        share(R.id.stage, wide, if (talks && !wide) TALK else PICTURE)
        share(R.id.below, wide, BESIDE)
    }

    private fun share(
        id: Int,
        wide: Boolean,
        weight: Float,
    ) {
        val all = LinearLayout.LayoutParams.MATCH_PARENT
        screen.view<View>(id).layoutParams =
            LinearLayout.LayoutParams(if (wide) 0 else all, if (wide) all else 0, weight)
    }

    fun draw(
        state: WatchState,
        full: Boolean,
        cardAllowed: Boolean,
    ) {
        screen.view<View>(R.id.below).shown(!full)
        screen.view<PictureView>(R.id.picture).aspect = state.aspect
        drawOver(state)
        if (talks != (state.why != null)) {
            talks = !talks
            turned()
        }
        drawWhy(state)
        drawFacts(state)
        drawLending(state.lend, cardAllowed && state.hasPicture && !full)
    }

    private fun drawOver(state: WatchState) {
        screen.view<TextView>(R.id.badge).apply {
            say(resources.badge(state))
            contentDescription = resources.spokenBadge(state)
            setBackgroundResource(if (state.behindS == null) R.drawable.pill_live else R.drawable.pill)
            // Only what can be tapped has to be large.
            isClickable = state.behindS != null
            minHeight = resources.getDimensionPixelSize(if (isClickable) R.dimen.target else R.dimen.pill)
        }
        screen.view<TextView>(R.id.viewers).apply {
            say(words.watching(state.viewers))
            shown(state.why == null && state.viewers > 0)
        }
        screen.view<TextView>(R.id.trouble).say(state.trouble?.let(::trouble))
        val playing = state.why == null
        screen.view<View>(R.id.play).shown(playing)
        screen.view<View>(R.id.small).shown(playing && !state.paused)
        screen.view<ImageView>(R.id.play).icon(
            if (state.paused) R.drawable.ic_play else R.drawable.ic_pause,
            resources.getString(if (state.paused) R.string.play else R.string.pause),
        )
        screen.view<ImageView>(R.id.sound).icon(
            if (state.soundOn) R.drawable.ic_speaker else R.drawable.ic_speaker_off,
            resources.getString(if (state.soundOn) R.string.sound_on else R.string.sound_off),
        )
    }

    private fun trouble(trouble: PictureTrouble): String =
        when (trouble) {
            PictureTrouble.CATCHING_UP -> {
                resources.getString(R.string.catching_up)
            }

            PictureTrouble.DECODER -> {
                resources.getString(R.string.decode_failed) + ". " + resources.getString(R.string.decode_failed_text)
            }

            PictureTrouble.DECODER_GAVE_UP -> {
                resources.getString(R.string.decode_failed) + ". " + resources.getString(R.string.decode_gave_up_text)
            }
        }

    /** The last picture stays, dimmed; of one that was taken back nothing does. */
    private fun drawWhy(state: WatchState) {
        val why = state.why
        screen.view<View>(R.id.why).shown(why != null)
        screen.view<View>(R.id.dim).apply {
            shown(why != null)
            alpha = if (state.hasPicture) DIMMED else 1f
        }
        if (why == null) return
        val explanation = explanation(why)
        screen.view<ImageView>(R.id.why_icon).setImageResource(explanation.icon)
        screen.view<TextView>(R.id.why_title).say(resources.getString(explanation.title))
        screen.view<TextView>(R.id.why_text).say(resources.sentence(state, words))
        screen.view<TextView>(R.id.why_action).say(explanation.label?.let(resources::getString))
    }

    private fun drawFacts(state: WatchState) {
        screen.view<TextView>(R.id.title).say(state.title.ifEmpty { resources.getString(R.string.app_name) })
        screen
            .view<TextView>(R.id.uses)
            .say(state.bytesAMinute?.let { resources.getString(R.string.watching_uses, words.size(it)) })
    }

    private fun drawLending(
        lend: LendState,
        cardAllowed: Boolean,
    ) {
        val today = resources.amount(lend.today, null, words)?.let { resources.getString(R.string.today_amount, it) }
        val said = listOfNotNull(resources.reason(lend, words), today).joinToString("\n")
        screen.view<TextView>(R.id.lend_row).text = resources.getString(R.string.lend_a_hand) + "\n" + said
        screen.view<Switch>(R.id.lend_switch).isChecked = lend.on
        screen.view<View>(R.id.card).shown(cardAllowed && !lend.limits.agreed)
    }

    private companion object {
        const val PICTURE = 1f
        const val TALK = 2f
        const val BESIDE = 1f

        /** What is left of the last picture is 40 %. */
        const val DIMMED = 0.6f
    }
}
