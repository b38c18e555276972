<# : batch
@echo off
rem Runs the Maven on PATH if it is 3.8 or newer, else the one that
rem .mvn\wrapper\maven-wrapper.properties pins, which is downloaded and checked once.
rem This file is batch and PowerShell in one: the PowerShell part below prints the path of mvn.cmd.
setlocal
set "MVNW_SELF=%~f0"
set "MVNW_MVN="
rem Inherited from PowerShell 7, this variable keeps Windows PowerShell from finding Get-FileHash.
set "MVNW_MODULES=%PSModulePath%"
set "PSModulePath="
for /f "usebackq delims=" %%M in (`powershell -NoProfile -ExecutionPolicy Bypass -Command "Invoke-Expression (Get-Content -LiteralPath $env:MVNW_SELF -Raw)"`) do set "MVNW_MVN=%%M"
set "PSModulePath=%MVNW_MODULES%"
if not defined MVNW_MVN exit /b 1
"%MVNW_MVN%" %*
exit /b %ERRORLEVEL%
#>
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$tmp = $null
try {
  if ($env:JAVA_HOME) {
    if (-not (Test-Path -LiteralPath "$env:JAVA_HOME\bin\javac.exe")) {
      throw "JAVA_HOME is $env:JAVA_HOME, and that is no JDK: no bin\javac.exe"
    }
  } elseif (-not (Get-Command javac.exe -ErrorAction SilentlyContinue)) {
    throw 'no JDK found: install one, 17 or newer, or set JAVA_HOME'
  }

  $result = $null
  $mvn = Get-Command mvn.cmd, mvn.exe -ErrorAction SilentlyContinue | Select-Object -First 1
  if ($mvn) {
    $found = & { $ErrorActionPreference = 'Continue'; & $mvn.Path --version 2>$null }
    if ("$found" -match 'Apache Maven (\d+\.\d+)' -and [version]$Matches[1] -ge [version]'3.8') {
      $result = $mvn.Path
    }
  }

  if (-not $result) {
    $properties = "$(Split-Path -LiteralPath $env:MVNW_SELF)\.mvn\wrapper\maven-wrapper.properties"
    $property = @{}
    foreach ($line in Get-Content -LiteralPath $properties) {
      if ($line -match '^([^#=]+)=(.*)$') { $property[$Matches[1]] = $Matches[2] }
    }
    foreach ($key in 'version', 'distributionUrl', 'sha512.zip') {
      if (-not $property[$key]) { throw "$key is missing from $properties" }
    }
    $url = $property['distributionUrl']
    $sum = $property['sha512.zip']
    $name = "apache-maven-$($property['version'])"
    $m2 = if ($env:MAVEN_USER_HOME) { $env:MAVEN_USER_HOME } else { "$env:USERPROFILE\.m2" }
    # Maven's own wrapper uses the same directory, with subdirectories of its own.
    $target = "$m2\wrapper\dists\$name\$($sum.Substring(0, 16))"

    if (-not (Test-Path -LiteralPath "$target\bin\mvn.cmd")) {
      # Unpacked beside the target and renamed: of several processes at once the first one wins.
      $tmp = "$target.$([guid]::NewGuid().ToString('N').Substring(0, 8))"
      [void](New-Item -ItemType Directory -Path $tmp)
      [Console]::Error.WriteLine("mvnw: downloading Apache Maven $($property['version']) from $url")
      try {
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
        Invoke-WebRequest -UseBasicParsing -Uri $url -OutFile "$tmp\maven.zip"
      } catch {
        throw "download of $url failed: $($_.Exception.Message)"
      }
      $actual = (Get-FileHash -Algorithm SHA512 -LiteralPath "$tmp\maven.zip").Hash
      if ($actual -ne $sum) {
        throw "checksum mismatch: $url has SHA-512 $($actual.ToLower()), not $sum; file deleted"
      }
      Expand-Archive -LiteralPath "$tmp\maven.zip" -DestinationPath $tmp
      try {
        [IO.Directory]::Move("$tmp\$name", $target)
      } catch {
        if (-not (Test-Path -LiteralPath "$target\bin\mvn.cmd")) { throw }
      }
    }
    $result = "$target\bin\mvn.cmd"
  }
  $result
} catch {
  [Console]::Error.WriteLine("mvnw: $($_.Exception.Message)")
} finally {
  if ($tmp) { Remove-Item -LiteralPath $tmp -Recurse -Force -ErrorAction SilentlyContinue }
}
