# Holds what Homebrew and Scoop install a release by against the files of the release. Neither
# runs here: this reads the formula with the words of Homebrew that it uses and no others, for
# each platform, installs what it names, and runs its test where this machine is that platform.
# Of the manifest it takes fields that Scoop documents, and no others. Needs git, tar and unzip.
# Usage: ruby scripts/releasing/recipes.rb FOLDER
require "digest"
require "fileutils"
require "json"
require "pathname"
require "rbconfig"
require "tmpdir"

def fail!(message) = abort("recipes: error: #{message}")

RELEASE = File.expand_path(ARGV.fetch(0) { fail!("want the folder of a release") })
PAGE = %r{\Ahttps://github\.com/git-datapact/git-datapact/releases/download/v(?<version>[^/]+)/(?<name>[^/]+)\z}

# downloaded returns the file of the release that a recipe names, with its own checksum.
def downloaded(url, sum, version)
  parts = PAGE.match(url) or fail!("#{url} is not where a release is")
  fail!("#{url} is not of version #{version}") unless parts[:version] == version
  file = File.join(RELEASE, parts[:name])
  fail!("the release has no #{parts[:name]}") unless File.file?(file)
  fail!("#{parts[:name]} has another sha256 than the recipe says") unless Digest::SHA256.file(file).hexdigest == sum
  file
end

# A Formula has the words of https://docs.brew.sh/Formula-Cookbook that ours needs.
class Formula
  class << self
    attr_accessor :platform, :read, :said, :tested

    def inherited(formula)
      super
      self.read = formula
      formula.platform = platform
      formula.said = {}
    end

    %i[desc homepage version license url sha256 depends_on].each do |word|
      define_method(word) do |value|
        fail!("the formula says #{word} twice for #{platform}") if said.key?(word)
        said[word] = value
      end
    end

    { on_macos: "darwin", on_linux: "linux", on_arm: "arm64", on_intel: "amd64" }.each do |word, part|
      define_method(word) { |&block| block.call if platform.split("/").include?(part) }
    end

    def test(&block) = self.tested = block
  end

  attr_reader :prefix

  def initialize(prefix) = @prefix = Pathname(prefix)
  def bin = prefix / "bin"
  def version = self.class.said[:version]

  def system(*command)
    Kernel.system(*command.map(&:to_s), out: File::NULL) or fail!("#{command.join(" ")}: #{$?}")
  end

  def shell_output(command)
    said = `#{command}`
    fail!("#{command}: #{$?}") unless $?.success?
    said
  end

  def assert_match(want, said)
    fail!("the test of the formula wants #{want} in #{said}") unless said.match?(want.is_a?(String) ? Regexp.escape(want) : want)
  end
end

class Pathname
  def install(*sources)
    mkpath
    sources.each { |source| FileUtils.mv(source, self) }
  end
end

# Homebrew enters the folder that an archive has alone, and calls install there.
def install(formula, archive, place)
  Kernel.system("tar", "-xzf", archive, "-C", place) or fail!("#{archive} cannot be unpacked")
  inside = Dir.children(place)
  fail!("#{archive} has at its top #{inside}") unless inside.size == 1
  FileUtils.mkdir(prefix = File.join(place, "prefix"))
  Dir.chdir(File.join(place, inside.first)) { formula.new(prefix).install }
  program = File.join(prefix, "bin", "git-datapact")
  fail!("the formula installs no #{program}") unless File.executable?(program)
  fail!("the formula installs no manual") unless File.file?(File.join(prefix, "share", "man", "man1", "git-datapact.1"))
  prefix
end

def run_test(formula, prefix)
  Dir.mktmpdir do |home|
    ENV.update("HOME" => home, "GIT_AUTHOR_NAME" => "Ada", "GIT_AUTHOR_EMAIL" => "ada@example.com",
               "GIT_COMMITTER_NAME" => "Ada", "GIT_COMMITTER_EMAIL" => "ada@example.com",
               "GIT_CONFIG_COUNT" => "1", "GIT_CONFIG_KEY_0" => "init.defaultBranch", "GIT_CONFIG_VALUE_0" => "main")
    Dir.chdir(home) { formula.new(prefix).instance_eval(&formula.tested) }
  end
end

def this_platform
  system = RbConfig::CONFIG["host_os"][/darwin|linux/]
  arch = { "x86_64" => "amd64", "aarch64" => "arm64", "arm64" => "arm64" }[RbConfig::CONFIG["host_cpu"]]
  "#{system}/#{arch}"
end

# read_formula returns the formula as it is on a platform.
def read_formula(platform)
  Formula.platform = platform
  load File.join(RELEASE, "git-datapact.rb"), true # a class of its own each time
  said = Formula.read.said
  missing = %i[desc homepage version license url sha256 depends_on].reject { |word| said[word] }
  fail!("the formula does not say #{missing.join(", ")} for #{platform}") unless missing.empty?
  fail!("the formula does not depend on git") unless said[:depends_on] == "git"
  fail!("the formula has no test") unless Formula.read.tested
  Formula.read
end

def check_formula
  done = 0
  %w[darwin/amd64 darwin/arm64 linux/amd64 linux/arm64].each do |platform|
    formula = read_formula(platform)
    said = formula.said
    archive = downloaded(said[:url], said[:sha256], said[:version])
    fail!("for #{platform} the formula names #{archive}") unless archive.end_with?("_#{platform.tr("/", "_")}.tar.gz")
    Dir.mktmpdir do |place|
      prefix = install(formula, archive, place)
      next unless platform == this_platform
      run_test(formula, prefix)
      done += 1
    end
  end
  puts "git-datapact.rb: installs the archives of 4 platforms#{", and its test succeeds for #{this_platform}" if done == 1}"
end

# only wants an object of the manifest to have these fields, which Scoop documents, and no others.
def only(object, where, fields)
  fail!("the manifest has no #{where}") unless object.is_a?(Hash)
  fail!("in #{where} the manifest has #{object.keys.join(", ")}, want #{fields.join(", ")}") unless object.keys.sort == fields.sort
  object
end

# check_update follows what Scoop does for a newer version, with this one.
def check_update(manifest, wanted)
  update = only(manifest["autoupdate"], "autoupdate", %w[architecture hash])
  only(update["hash"], "autoupdate.hash", %w[url])
  machines = only(update["architecture"], "autoupdate.architecture", wanted.keys)
  wanted.each do |machine, current|
    only(machines[machine], "autoupdate.architecture.#{machine}", %w[url extract_dir]).each do |key, template|
      made = template.gsub("$version", manifest["version"])
      fail!("autoupdate makes #{made} for #{machine}, want #{current[key]}") unless made == current[key]
    end
    sums = update["hash"]["url"].sub("$baseurl", File.dirname(current["url"]))
    name = File.basename(current["url"])
    text = File.read(File.join(RELEASE, PAGE.match(sums)[:name]))
    found = text[/([a-fA-F0-9]{32,128})[ \t]+.*#{Regexp.escape(name)}(?:\s|$)/, 1] # as Scoop finds it
    fail!("#{sums} has #{found.inspect} for #{name}") unless found == current["hash"]
  end
end

# https://github.com/ScoopInstaller/Scoop/wiki/App-Manifests
def check_manifest
  manifest = only(JSON.parse(File.read(File.join(RELEASE, "git-datapact.json"))), "its whole",
                  %w[version description homepage license suggest architecture bin checkver autoupdate])
  only(manifest["suggest"], "suggest", %w[git])
  only(manifest["checkver"], "checkver", %w[github])
  fail!("checkver does not look at the homepage") unless manifest["checkver"]["github"] == manifest["homepage"]
  machines = only(manifest["architecture"], "architecture", %w[64bit arm64])
  machines.each do |machine, said|
    only(said, "architecture.#{machine}", %w[url hash extract_dir])
    archive = downloaded(said["url"], said["hash"], manifest["version"])
    platform = { "64bit" => "windows_amd64", "arm64" => "windows_arm64" }[machine]
    fail!("for #{machine} the manifest names #{archive}") unless archive.end_with?("_#{platform}.zip")
    program = "#{said["extract_dir"]}/#{manifest["bin"]}"
    fail!("#{archive} has no #{program}") unless IO.popen(["unzip", "-Z1", archive], &:readlines).include?(program + "\n")
  end
  check_update(manifest, machines)
  puts "git-datapact.json: names the archives of 2 platforms, and finds their checksums for an update"
end

check_formula
check_manifest
