@echo off
rem Passes a command to the command line in Traffic, built in Release.
setlocal
set arguments=%*
if not defined arguments set arguments=--help
dotnet run --project "%~dp0Traffic\CommandLine" --configuration Release -- %arguments%
