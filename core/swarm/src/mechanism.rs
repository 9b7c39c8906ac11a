//! What the overlay does besides the bare trees, each by its name, so that each can be taken away and what
//! it earns be measured (`docs/simulator.md`, "What each mechanism earns").
//!
//! Each is asked for at one place. A node that ships runs all of them.

macro_rules! mechanisms {
    ($($variant:ident $name:literal $doc:literal),+ $(,)?) => {
        /// One thing that the overlay does, and could leave.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Mechanism {
            $(#[doc = $doc] $variant,)+
        }

        impl Mechanism {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Its name on a command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

mechanisms! {
    Preemption "preemption"
        "Who can feed more takes the slot of a child that can feed fewer.",
    HomePreemption "home-preemption"
        "A full node takes a slot that it had given outside its homes for a child within them.",
    Climbing "climbing"
        "Who can feed many moves towards the origin.",
    Improving "improving"
        "A substream moves to a partner that is clearly nearer to the origin.",
    Holds "holds"
        "Who is late tells those below, so that they don't look for other parents.",
    KeptSuspects "kept-suspects"
        "A late parent is kept until another has accepted.",
    Lifeboats "lifeboats"
        "Who has lost a parent asks several at once, who may take it for a while beyond their slots.",
    ForeignSlots "foreign-slots"
        "A long search may find a slot outside the homes.",
    Repair "repair"
        "Late pieces are pulled from partners.",
    GapPulls "gap-pulls"
        "After a move the new parent is asked for what the old one has left out.",
    Backfill "backfill"
        "A new child is sent what it lacks up to where its pushes begin.",
    Rescue "rescue"
        "A piece that only the origin has left goes before all else, and once.",
    DeadlineOrder "deadline-order"
        "The uplink sends by deadline, not by arrival.",
    FanOrder "fan-order"
        "Of children that wait for the same, those who can feed more are served first.",
    RepairClass "repair-class"
        "Repair waits until no live piece does.",
    EvictionGrace "eviction-grace"
        "A child that is sent away is fed until it has found another parent.",
    ShortGrace "short-grace"
        "It has less time for that where live pieces wait.",
    Handover "handover"
        "A parent that is left serves up to the chunk with which the new one begins.",
    Recalls "recalls"
        "A child that was sent away is called back when its slot is free after all.",
    PassedSearches "passed-searches"
        "Who can't take a child passes its search on to others.",
    GuidedSearches "guided-searches"
        "A search goes down to where free slots were reported.",
    EarlyReports "early-reports"
        "Free slots that come or go are reported at once, not each second.",
    GoodOrder "good-order"
        "Who leaves hands its children over one substream at a time.",
    Successors "successors"
        "A leaver's child may take its place above the quota.",
    FewHomes "few-homes"
        "A node serves in as few substreams as its slots fill.",
    NeededHomes "needed-homes"
        "A newcomer serves where slots are lacking.",
    LentHomes "lent-homes"
        "Who has slots to spare serves for a while in one more substream that lacks some.",
    TurningQuota "turning-quota"
        "The origin's spare slots go from substream to substream.",
    QuotaReview "quota-review"
        "The origin hands over children beyond its quota.",
    CloseSwaps "close-swaps"
        "An origin of one copy gives a child's place only to who climbs from below it.",
    LeaversLast "leavers-last"
        "An origin of one copy feeds who is on the way out with what the others leave.",
    OriginByChance "origin-by-chance"
        "In a crowd who would have to dial the origin for a slot does so by chance only.",
    Doubts "doubts"
        "A neighbour that has been quiet for a moment isn't counted on.",
    Strays "strays"
        "Who pushes without being the parent is told to stop.",
    FirstShares "first-shares"
        "Greeters send a newcomer the newest pictures, each a part.",
    FirstRepair "first-repair"
        "A newcomer pulls what greeters have left out of them.",
    ContactExchange "contact-exchange"
        "Partners tell each other of members that can feed.",
}

/// The mechanisms that a node runs: all, unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mechanisms {
    pub(crate) off: u64,
}

impl Mechanisms {
    /// All of them.
    pub const ALL: Self = Self { off: 0 };

    /// These but for one.
    #[must_use]
    pub const fn without(self, mechanism: Mechanism) -> Self {
        Self { off: self.off | 1 << mechanism as u8 }
    }

    /// These, but nothing that is late is asked of anybody.
    #[must_use]
    pub const fn without_repair(self) -> Self {
        self.without(Mechanism::Repair).without(Mechanism::GapPulls)
    }

    /// Whether one of them is among these.
    #[must_use]
    pub const fn has(self, mechanism: Mechanism) -> bool {
        self.off >> mechanism as u8 & 1 == 0
    }
}

impl Default for Mechanisms {
    fn default() -> Self {
        Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_away_alone_and_has_a_name_of_its_own() {
        for (at, one) in Mechanism::ALL.into_iter().enumerate() {
            for (other_at, other) in Mechanism::ALL.into_iter().enumerate() {
                assert_eq!(Mechanisms::ALL.without(one).has(other), at != other_at);
                assert_eq!(one.name() == other.name(), at == other_at);
            }
        }
    }
}
