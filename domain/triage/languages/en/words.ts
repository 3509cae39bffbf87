/** Inflected forms; the first word of a row stands for the row in phrases. */
export const FORMS: readonly string[] = [
  'be am is are was were been being',
  'have has had having',
  'do does did doing done',
  'go goes went going gone',
  'want wants wanted wanting wish wishes wished wishing crave craving',
  'wish wishes wished wishing',
  'need needs needed needing',
  'feel feels felt feeling',
  'think thinks thought thoughts thinking contemplate contemplating contemplated consider considering considered fantasize fantasizing fantasise fantasising fantasies fantasy daydream daydreams daydreaming daydreamed dream dreaming dreamed dreamt imagine imagining imagined',
  'plan plans planned planning',
  'try tries tried trying attempt attempts attempted attempting',
  'decide decided deciding',
  'kill kills killed killing killin',
  'die dies died dying dieing',
  'end ends ended ending',
  'take takes took taken taking',
  'commit commits committed committing commited',
  'hang hangs hanged hanging hung',
  'shoot shoots shot shooting',
  'drown drowns drowned drowning',
  'jump jumps jumped jumping leap leaping leapt',
  'step steps stepped stepping walk walking walked run running ran',
  'stab stabs stabbed stabbing',
  'poison poisons poisoned poisoning',
  'strangle strangles strangled strangling choke chokes choked choking suffocate suffocating suffocated smother smothering',
  'hurt hurts hurting hurted',
  'harm harms harmed harming',
  'cut cuts cutting cutted',
  'burn burns burned burnt burning',
  'hit hits hitting',
  'punch punches punched punching slap slaps slapped slapping kick kicks kicked kicking',
  'beat beats beaten beating',
  'live lives lived living',
  'exist exists existed existing',
  'wake wakes woke woken waking',
  'gas gassed gassing',
  'eat eats ate eaten eating',
  'drive drives drove driven driving',
  'swallow swallows swallowed swallowing down downed ate eat eating drank drink drinking pop popped gulped',
  'overdose overdosed overdosing overdoses od oding oded',
  'murder murders murdered murdering',
  'attack attacks attacked attacking',
  'rape rapes raped raping',
  'assault assaults assaulted assaulting',
  'molest molests molested molesting',
  'abuse abuses abused abusing',
  'threaten threatens threatened threatening',
  'touch touches touched touching',
  'follow follows followed following stalk stalks stalked stalking',
  'lock locks locked locking trap trapped trapping',
  'say says said saying tell tells told telling keep keeps kept keeping',
  'make makes made making',
  'leave leaves left leaving',
  'let lets letting',
  'write writes wrote written writing',
  'give gives gave given giving',
  'buy buys bought buying got get getting',
  'hold holds held holding',
  'see sees saw seen seeing',
  'stop stops stopped stopping',
  'bleed bleeds bled bleeding',
  'breathe breathes breathed breathing breath',
  'hate hates hated hating',
  'deserve deserves deserved deserving',
  'disappear disappears disappeared disappearing vanish vanishing',
  'sleep sleeps slept sleeping',
  'pass passes passed passing',
  'miss misses missed missing',
  'care cares cared caring notice notices noticed noticing',
  'slit slits slitting slitted slice slices sliced slicing slash slashed slashing',
  'scratch scratches scratched scratching carve carved carving',
  'starve starves starved starving',
  'crash crashes crashed crashing drive driving drove',
  'bring brings brought bringing',
  'hear hears heard hearing',
  'love loves loved loving',
  'collapse collapses collapsed collapsing faint fainted fainting',
];

export const CLASSES: Readonly<Record<string, string>> = {
  self: 'myself ourselves himself herself themselves themself oneself hisself theirself itself',
  your: 'yourself urself yourselves urselves yoself',
  my: 'my our his her their this the',
  life: 'life lives living existence',
  family: `mom mum mother mama mommy mummy dad father daddy papa stepdad stepmom stepfather stepmother
    brother sister uncle aunt cousin grandpa grandma grandfather grandmother parents husband wife
    nan gran granny grandad stepson
    boyfriend girlfriend partner ex fiance bf gf hubby spouse roommate roomate stepbrother`,
  people: `@family son daughter kid kids child children baby boss manager teacher coworker coworkers
    colleague neighbor neighbour neighbors neighbours classmates classmate guy man woman girl boy
    friend mate mates bro roommate roommates roomate teammate teammates husband stranger strangers
    someone somebody anybody anyone everyone everybody people him her them you u ya
    students family landlord principal professor bully bullies bastard bitch asshole rapist abuser`,
  actor: `@family he she they someone somebody man guy men people boss teacher coach neighbor
    neighbour stranger son daughter landlord pimp friend mate roommate it`,
  pills: `pills pill tablets tablet meds medication medications medicine tylenol paracetamol ibuprofen
    xanax aspirin advil antidepressants painkillers opioids oxy oxycodone fentanyl ambien benzos insulin
    acetaminophen sertraline zoloft prozac lithium capsules sleepers codeine
    blockers statins sedatives diazepam valium tramadol morphine heroin ketamine methadone citalopram
    fluoxetine mirtazapine amitriptyline quetiapine seroquel gabapentin pregabalin zopiclone temazepam
    lorazepam ativan klonopin clonazepam nurofen panadol aleve benadryl propranolol warfarin digoxin
    barbiturates nytol antihistamines anticoagulants antipsychotics hydrocodone vicodin percocet`,
  many: `all many bunch handful handfuls bottle bottles whole entire load loads lot lots box packet pack
    dozens dozen twenty thirty forty fifty sixty hundred entire every excess #`,
  means: `gun pistol rifle shotgun handgun revolver firearm knife razor razors rope noose belt blade
    blades glock bullets bullet`,
  height: `bridge roof rooftop building balcony cliff window ledge overpass tower floor ceiling
    skyscraper parapet`,
  traffic: `traffic tube tram metro train car bus truck lorry tracks railway subway cars trains`,
  body: 'wrists wrist arm arms thighs thigh legs leg skin veins vein throat stomach neck',
  here: 'here alive around existing breathing living anymore',
  death: 'dead gone deceased nonexistent',
  weapon:
    'guns knives weapons rifles gun knife weapon machete bat axe hammer shotgun rifle pistol blade',
};

export const EXPANSIONS: Readonly<Record<string, string>> = {
  im: 'i am',
  ive: 'i have',
  ill: 'i will',
  id: 'i would',
  imma: 'i am going',
  ima: 'i am going',
  youre: 'you are',
  ur: 'you are',
  hes: 'he is',
  shes: 'she is',
  theyre: 'they are',
  theres: 'there is',
  shell: 'she will',
  theyll: 'they will',
  itll: 'it will',
  thats: 'that is',
  whats: 'what is',
  itd: 'it would',
  youd: 'you would',
  theyd: 'they would',
  youll: 'you will',
  hed: 'he would',
  dont: 'do not',
  dnt: 'do not',
  doesnt: 'does not',
  didnt: 'did not',
  cant: 'can not',
  cannot: 'can not',
  couldnt: 'could not',
  wont: 'will not',
  wouldnt: 'would not',
  isnt: 'is not',
  arent: 'are not',
  wasnt: 'was not',
  werent: 'were not',
  havent: 'have not',
  hasnt: 'has not',
  hadnt: 'had not',
  shouldnt: 'should not',
  aint: 'am not',
  neednt: 'need not',
  shouldn: 'should not',
  couldn: 'could not',
  wouldn: 'would not',
  didn: 'did not',
  doesn: 'does not',
  isn: 'is not',
  wasn: 'was not',
  wanna: 'want to',
  wana: 'want to',
  gonna: 'going to',
  gunna: 'going to',
  gon: 'going to',
  gotta: 'have to',
  hafta: 'have to',
  tryna: 'trying to',
  boutta: 'about to',
  finna: 'going to',
  kms: 'kill myself',
  kys: 'kill yourself',
  kmsing: 'killing myself',
  kmself: 'kill myself',
  ctb: 'catch the bus',
  kilme: 'kill me',
  idk: 'i do not know',
  idc: 'i do not care',
  idgaf: 'i do not care',
  ppl: 'people',
  sui: 'suicide',
  suicidial: 'suicidal',
  sucide: 'suicide',
  suside: 'suicide',
  suicid: 'suicide',
  sewerslide: 'suicide',
  'sewer-slide': 'suicide',
  sewercide: 'suicide',
  sewerslidal: 'suicidal',
  selfharm: 'self harm',
  selfharming: 'self harming',
  selfharmed: 'self harmed',
  dye: 'die',
  dieded: 'died',
  w: 'with',
  bc: 'because',
  cuz: 'because',
  cos: 'because',
  coz: 'because',
  cause: 'because',
  becuz: 'because',
  b4: 'before',
  '2nite': 'tonight',
  tonite: 'tonight',
  '2day': 'today',
  '2morrow': 'tomorrow',
  tmr: 'tomorrow',
  tmrw: 'tomorrow',
  rn: 'right now',
  anymor: 'anymore',
  nomore: 'no more',
  noone: 'nobody',
  unaliving: 'unalive',
  unalived: 'unalive',
  unaliv: 'unalive',
  unlive: 'unalive',
  r: 'are',
  kil: 'kill',
  killself: 'kill self',
  mysel: 'myself',
  meself: 'myself',
  oding: 'overdosing',
  odd: 'odd',
  "od'd": 'overdosed',
  "od'ed": 'overdosed',
  odin: 'overdosing',
  shouldve: 'should have',
  wouldve: 'would have',
  plz: 'please',
  pls: 'please',
  wnt: 'want',
  wan: 'want',
  abt: 'about',
  thinkin: 'thinking',
};

export const FILLERS = `to the a an really just so very literally actually honestly totally fucking fuckin
  frickin freaking effing fckin fking damn bloody like kinda kind of sort sorta please um uh also even
  still now ever maybe probably seriously truly genuinely legit lowkey highkey basically simply actively
  constantly always about on again already quite pretty completely absolutely desperately badly
  goddamn god oh too only definitely secretly often sometimes never_mind something that fuck all
  currently tonight today finally rather almost nearly`;

/** Never read as a misspelling of a word of crisis, nor as several words run together. */
export const ORDINARY = `noone therapist therapists therapy skill skills skilled skillet kiln killer killers
  chilling filling billing willing milling pulling rolling calling selling telling filled billed drilled
  thrilled grilled chilled skilled spilled spilling drilling grilling thrilling changing banging ranging
  handing landing standing singing ringing bringing clanging changed hinging fanging hunging shouting
  shooting shout shorts short shoots shots scoot shoo smoothing soothing hooting
  pumping dumping bumping lumping jumper jumpy jumbo drawn brown crown frown grown blown thrown dawn
  flown drowsy driving drying putting getting setting sitting betting letting cuttings nutting gutting
  hunting hurling hurrying halting parting hosting shunting sending spending lending bending mending
  tending pending fending landing vending blending ended edited ending trending bills fills hills mills
  wills gills piles pillow pillar pails palls polls pulls tables tablet cables
  blames blamed glade black blank bland slade lemon knives knight kneel knee
  lives loving giving driving diving having laving sliving hiving moving leaving
  dined tied lied cried fried dried pied dyed dived dice dire diet died's
  stable staple stubbed stabled grabbing swabbing starved stared stares start started starting stayed
  carving caring curving serving craving wanted wander wanders warned planned planet planes plane plant plants planted
  playing plays plan's place placed plate plates planting panning spanning
  burnt burner turned turning learned earned buried burying bury churn churned turn turns
  suicides ruin ruined weekend friend friends befriend attend extend depend defend offend
  touched couched poached pouched torched reached bleach beach teach reach
  raped rapid raced raked taped draped shaped scraped vaped gaped grape drape
  trapped wrapped strapped tapped mapped lapped napped snapped clapped slapped
  threading treating threatens beaten heating seating eating cheating meeting bearing boating
  beats heats seats meats treats boats
  mom's bled breed bleeding blending breeding
  breadth bread breathe broth break breaking brake great greats grease
  sleeping slipping sleeve steep steeped sweep sweeping weeping keeping
  passing parsing massing pausing posing missing kissing mixing hissing
  roof proof tool train trains trail brain drain grain rain trait strain
  traffic tragic graphic terrific bride fridge bridges bridged ridge
  cliff cliffs stiff sniff window widow winnow
  wrist waist twist wrists arms charm charms farms harms harmed farmed armed
  veins reins vain pains gains trains weird wired world would could worth worthy wealth health
  weather leather feather heather whether father gather rather farther mother other brother bother
  another smother moth mouth month south
  guns gums guys nun sun bun runs run gown
  razor radar razer laser
  goodbyes goodnight goodness good
  funeral general mineral numeral
  burden burdens garden harden warden
  pointless painless endless useless helpless hopeless worthless homeless
  living leaving lining liking loving giving riving
  dead deal dear death deaths dread tread heads read leads lead
  earth hearth heart depth breath teeth
  noose moose goose loose house horse nose noise
  belts melts bolts bell
  rope ropes hope hopes cope scope grope
  police polite policy palace
  abuse amuse accuse excuse bruise refuse confuse
  weapon weapons
  attack attach attic stack
  stalking talking walking staking stacking stocking
  chase choke chore chose choked joked coked soaked
  faint paint saint taint
  think thing things thick thin thank thanks drink blink
  going doing boing growing glowing
  reason season treason reasons
  people purple
  leave leaf leaves lease least
  voices choices invoices voice choice
  demon lemon melon
  hears wears tears years fears bears gears nears hear near wear tear year fear bear gear
  places faces spaces paces
  never fever lever clever sever
  there where here their these those three them then than
  house mouse blouse description descriptions prescription subscription transcript
  alive olive arrive
  hurts shirts courts hurdle huts burst
  grave brave crave gravel graves gravy
  plane planes coming combing
  music public topic basic magic tonight toning
  final finally finals
  hated hater rated dated mated heated halted hasted rating dating mating
  kicked picked licked ticked kicking picking licking ticking
  harming farming charming warming arming
  crashes crash trash brash clash crush cash crashed trashed clashed crushed cashed`;
